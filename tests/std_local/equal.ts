/**
 * Deep equality with the meaning of `@std/assert`: structure and constructors must agree, +0 equals -0, NaN equals NaN,
 * a property that is `undefined` differs from one that is missing, sets and maps compare by content in any order.
 *
 * Where `@std/assert` looks at enumerable properties only, and so finds any two errors or array buffers equal, this
 * compares messages and bytes: what passes here passes there.
 */
type Pairs = Map<object, Set<object>>;

function sameConstructor(left: object, right: object): boolean {
  const of = (value: object) => value.constructor ?? Object;
  return of(left) === of(right);
}

function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

function isBuffer(value: object): value is ArrayBufferLike | DataView {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer || value instanceof DataView;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
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
  const symbols = Object.getOwnPropertySymbols(value);
  return [...Object.keys(value), ...symbols.filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))];
}

function compareProperties(left: object, right: object, seen: Pairs): boolean {
  const keys = enumerableKeys(left);
  if (keys.length !== enumerableKeys(right).length) return false;
  return keys.every((key) =>
    Object.hasOwn(right, key) && compare(Reflect.get(left, key), Reflect.get(right, key), seen)
  );
}

function compareObjects(left: object, right: object, seen: Pairs): boolean {
  if (left instanceof Set && right instanceof Set) {
    return left.size === right.size && pairUp(left, right, (a, b) => compare(a, b, seen));
  }
  if (left instanceof Map && right instanceof Map) {
    const same = ([key, value]: [unknown, unknown], [otherKey, otherValue]: [unknown, unknown]) =>
      compare(key, otherKey, seen) && compare(value, otherValue, seen);
    return left.size === right.size && pairUp(left, right, same);
  }
  if (isBuffer(left) && isBuffer(right)) return sameBytes(bytesOf(left), bytesOf(right));
  if (left instanceof Error && right instanceof Error) {
    if (left.name !== right.name || left.message !== right.message) return false;
    if (!compare(left.cause, right.cause, seen)) return false;
  }
  return compareProperties(left, right, seen);
}

function compare(left: unknown, right: unknown, seen: Pairs): boolean {
  if (left === right || Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof RegExp && right instanceof RegExp) return String(left) === String(right);
  if (left instanceof URL && right instanceof URL) return left.href === right.href;
  if (left instanceof Date && right instanceof Date) return Object.is(left.getTime(), right.getTime());
  if (!sameConstructor(left, right)) return false;
  if (left instanceof WeakMap) throw new TypeError("cannot compare WeakMap instances");
  if (left instanceof WeakSet) throw new TypeError("cannot compare WeakSet instances");
  if (left instanceof WeakRef && right instanceof WeakRef) return compare(left.deref(), right.deref(), seen);
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
  const asWhole = [RegExp, URL, Date].some((type) => actual instanceof type || expected instanceof type);
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
