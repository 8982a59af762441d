/**
 * Finds the first part of a value that JSON would change or lose, and returns its path and kind;
 * `undefined` when JSON keeps the whole value.
 */
export function findJsonUnsafe(value: unknown, path = 'value'): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return isSafeNumber(value)
        ? undefined
        : `${path} is ${Object.is(value, -0) ? '-0' : String(value)}`
    case 'object':
      return value === null ? undefined : findInObject(value, path)
    default:
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`
  }
}

function isSafeNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0)
}

function findInObject(value: object, path: string): string | undefined {
  if (Array.isArray(value)) return findInArray(value, path)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    return `${path} is a ${value.constructor?.name ?? 'class instance'}`
  if (prototype === null) return `${path} is an object without a prototype`
  if (Object.getOwnPropertySymbols(value).length > 0) return `${path} has a symbol for a key`
  if (Object.hasOwn(value, '__proto__')) return `${path} has a key __proto__`
  if ('toJSON' in value) return `${path} has a method toJSON`
  for (const [key, part] of Object.entries(value)) {
    const found = findJsonUnsafe(part, `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function findInArray(values: readonly unknown[], path: string): string | undefined {
  for (let index = 0; index < values.length; index += 1) {
    const found = findJsonUnsafe(values[index], `${path}[${index}]`)
    if (found !== undefined) return found
  }
  return undefined
}
