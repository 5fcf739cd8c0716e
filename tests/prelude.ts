/**
 * Loaded before every test file. Supplies the Set methods that Node 20 lacks and that `@std/assert` (and a test) may
 * use; where a runtime has them, its own are kept.
 */
type AnySet = ReadonlySet<unknown>;

const methods = {
  union(this: AnySet, other: AnySet): Set<unknown> {
    return new Set([...this, ...other.keys()]);
  },
  intersection(this: AnySet, other: AnySet): Set<unknown> {
    return new Set([...this].filter((value) => other.has(value)));
  },
  difference(this: AnySet, other: AnySet): Set<unknown> {
    return new Set([...this].filter((value) => !other.has(value)));
  },
  symmetricDifference(this: AnySet, other: AnySet): Set<unknown> {
    const others = [...other.keys()].filter((value) => !this.has(value));
    return new Set([...[...this].filter((value) => !other.has(value)), ...others]);
  },
  isSubsetOf(this: AnySet, other: AnySet): boolean {
    return [...this].every((value) => other.has(value));
  },
  isSupersetOf(this: AnySet, other: AnySet): boolean {
    return [...other.keys()].every((value) => this.has(value));
  },
  isDisjointFrom(this: AnySet, other: AnySet): boolean {
    return ![...this].some((value) => other.has(value));
  },
};

for (const [name, value] of Object.entries(methods)) {
  if (name in Set.prototype) continue;
  Object.defineProperty(Set.prototype, name, { value, writable: true, configurable: true });
}
