/**
 * Deep equality with the meaning of `@std/assert`: prototypes must agree, +0 equals -0, NaN equals NaN, a property that
 * is `undefined` differs from one that is missing, sets and maps compare by content in any order.
 *
 * Of plain objects and arrays the enumerable properties count; of everything else every property does, also hidden ones
 * and those of the prototypes. So two errors are equal only when their stacks are, and tests compare what they mean:
 * an error's class, message and fields.
 *
 * Stricter than `@std/assert` in one case: there, two equal members of a set may share a partner in the other set.
 */
type Pairs = Map<object, Set<object>>;

const TypedArray: { readonly prototype: object } = Object.getPrototypeOf(Uint8Array);

/** Their text says everything about them. */
const COMPARED_AS_TEXT: ReadonlySet<unknown> = new Set(
  [RegExp, URL, URLSearchParams, Intl.Locale].map((type) => type.prototype),
);

/** An object without a prototype counts as a plain one. */
function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function isPlain(value: object): boolean {
  return [Object.prototype, Array.prototype].includes(prototypeOf(value) as never);
}

function isTypedArray(value: object): value is Uint8Array {
  return Object.prototype.isPrototypeOf.call(TypedArray.prototype, value);
}

function isBuffer(value: object): value is ArrayBufferLike {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

function sameItems(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length &&
    left.every((item, index) => item === right[index] || Object.is(item, right[index]));
}

/** Whether every item of `left` has a partner of its own in `right`. */
function pairUp<T>(left: Iterable<T>, right: Iterable<T>, same: (a: T, b: T) => boolean): boolean {
  const free = [...right];
  for (const item of left) {
    const index = free.findIndex((other) => same(item, other));
    if (index < 0) return false;
    free.splice(index, 1);
  }
  return free.length === 0;
}

function enumerableKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

/** All keys, hidden ones too, up to the prototype that every object or array has. */
function allKeys(value: object): PropertyKey[] {
  const keys: PropertyKey[] = [];
  let next: object | null = value;
  while (next !== null && next !== Object.prototype && next !== Array.prototype) {
    keys.push(...Reflect.ownKeys(next));
    next = Object.getPrototypeOf(next);
  }
  return keys;
}

function compareProperties(left: object, right: object, seen: Pairs): boolean {
  const keysOf = isPlain(left) ? enumerableKeys : allKeys;
  return [...new Set([...keysOf(left), ...keysOf(right)])].every((key) =>
    key in left === key in right && compare(Reflect.get(left, key), Reflect.get(right, key), seen)
  );
}

function compareObjects(left: object, right: object, seen: Pairs): boolean {
  if (Object.keys(left).length !== Object.keys(right).length) return false;
  if (left instanceof Set && right instanceof Set) {
    return left.size === right.size && pairUp(left, right, (a, b) => compare(a, b, seen));
  }
  if (left instanceof Map && right instanceof Map) {
    const same = ([key, value]: [unknown, unknown], [otherKey, otherValue]: [unknown, unknown]) =>
      compare(key, otherKey, seen) && compare(value, otherValue, seen);
    return left.size === right.size && pairUp(left, right, same);
  }
  if (COMPARED_AS_TEXT.has(prototypeOf(left))) return String(left) === String(right);
  return compareProperties(left, right, seen);
}

function compare(left: unknown, right: unknown, seen: Pairs): boolean {
  if (left === right || Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Date && right instanceof Date) return Object.is(left.getTime(), right.getTime());
  if (prototypeOf(left) !== prototypeOf(right)) return false;
  if (isTypedArray(left)) return sameItems(left, right as Uint8Array);
  if (isBuffer(left)) return sameItems(new Uint8Array(left), new Uint8Array(right as ArrayBufferLike));
  if (left instanceof WeakMap) throw new TypeError("cannot compare WeakMap instances");
  if (left instanceof WeakSet) throw new TypeError("cannot compare WeakSet instances");
  if (left instanceof WeakRef) return compare(left.deref(), (right as WeakRef<object>).deref(), seen);
  // A pair met again is being compared further up: a circle is equal unless something else in it differs.
  const partners = seen.get(left) ?? new Set();
  if (partners.has(right)) return true;
  seen.set(left, partners.add(right));
  return compareObjects(left, right, seen);
}

/** Whether two values are deeply equal. */
export function equal(left: unknown, right: unknown): boolean {
  return compare(left, right, new Map());
}

/**
 * Whether `actual` has everything that `expected` has, deeply: further properties, array items, map entries and set
 * members of `actual` do not matter.
 */
export function includes(actual: unknown, expected: unknown, seen: Pairs = new Map()): boolean {
  if (typeof actual !== "object" || typeof expected !== "object" || actual === null || expected === null) {
    return equal(actual, expected);
  }
  const asWhole = [RegExp, URL, Date, DataView].some((type) => actual instanceof type || expected instanceof type);
  if (asWhole || isBuffer(actual) || isBuffer(expected)) return equal(actual, expected);
  const partners = seen.get(actual) ?? new Set();
  if (partners.has(expected)) return true;
  seen.set(actual, partners.add(expected));
  if (expected instanceof Map) {
    if (!(actual instanceof Map)) return false;
    return [...expected].every(([key, value]) => actual.has(key) && includes(actual.get(key), value, seen));
  }
  if (expected instanceof Set) return actual instanceof Set && [...expected].every((value) => actual.has(value));
  if (Array.isArray(expected) && !Array.isArray(actual)) return false;
  return Reflect.ownKeys(expected).every((key) =>
    Object.hasOwn(actual, key) && (Array.isArray(expected) && key === "length" ||
      includes(Reflect.get(actual, key), Reflect.get(expected, key), seen))
  );
}
