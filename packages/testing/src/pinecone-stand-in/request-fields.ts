import { invalidArgument } from './pinecone-error.ts'

/** The fields of a JSON object that were sent; absent and null are the same. */
export type Fields = Readonly<Record<string, unknown>>

/** Reads a body whose fields must be among these. */
export function parseBody(body: string, names: readonly string[]): Fields {
  return fieldsOf(parseJson(body), names, 'the request')
}

/** Reads an object whose fields must be among these. */
export function fieldsOf(value: unknown, names: readonly string[], what: string): Fields {
  if (!isObject(value)) throw invalidArgument(`Invalid type for ${what}: expected an object`)
  const unknown = Object.keys(value).find((name) => !names.includes(name))
  if (unknown !== undefined) throw invalidArgument(`${unknown}: Cannot find field in ${what}`)
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An optional string field. */
export function optionalString(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || typeof value === 'string') return value
  throw invalidArgument(`${name}: expected a string`)
}

/** An optional boolean field, by default false. */
export function flag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false
  if (typeof value === 'boolean') return value
  throw invalidArgument(`${name}: expected true or false`)
}

/** An optional list field. */
export function optionalList(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = fields[name]
  if (value === undefined || Array.isArray(value)) return value
  throw invalidArgument(`${name}: expected a list`)
}

/** A whole number within bounds. */
export function integerWithin(
  value: unknown,
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= bounds.min &&
    value <= bounds.max
  )
    return value
  throw invalidArgument(
    `${name} must be a whole number between ${bounds.min} and ${bounds.max}, got ${JSON.stringify(value)}`,
  )
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw invalidArgument('The request body is not JSON')
  }
}
