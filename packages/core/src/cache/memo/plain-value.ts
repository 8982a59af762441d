/** Depth beyond which a value does not count as plain; a value that contains itself has no end. */
const deepest = 32

/**
 * Whether a value consists of nothing but primitives, plain objects and arrays, and dates, so that
 * a copy of its fields is as good as the value.
 */
export function isPlain(value: unknown, levels = deepest): boolean {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0 || !Object.isExtensible(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  const fields = Object.getOwnPropertyDescriptors(value)
  const names = Reflect.ownKeys(fields)
  if (prototype === Date.prototype) return names.length === 0
  if (prototype === Array.prototype) {
    const items = value as readonly unknown[]
    return names.length === items.length + 1 && items.every((item) => isPlain(item, levels - 1))
  }
  return (
    prototype === Object.prototype &&
    Object.getOwnPropertySymbols(value).length === 0 &&
    Object.values(fields).every(
      (field) =>
        field.enumerable === true && field.writable === true && isPlain(field.value, levels - 1),
    )
  )
}
