import type { Codec } from '@headwater/core'

/** A codec for flat values with an id: the named fields are dates, all others are JSON already. */
export function datesCodec<Value extends { readonly id: number }>(
  ...fields: readonly (keyof Value & string)[]
): Codec<Value> {
  return {
    encode: (value) =>
      withFields(value, fields, (date) => (date instanceof Date ? date.toISOString() : date)),
    decode: (json) => withFields(asObject<Value>(json), fields, toDate),
  }
}

function withFields<Value extends object>(
  value: Value,
  fields: readonly (keyof Value & string)[],
  convert: (field: unknown) => unknown,
): Value {
  const converted = { ...value } as Record<string, unknown>
  for (const field of fields) converted[field] = convert(converted[field])
  return converted as Value
}

function asObject<Value extends { readonly id: number }>(json: unknown): Value {
  if (typeof json === 'object' && json !== null && 'id' in json && typeof json.id === 'number')
    return json as Value
  throw new TypeError('an entry must be an object with an id')
}

function toDate(field: unknown): Date | null {
  if (field === null) return null
  const date = new Date(typeof field === 'string' ? field : Number.NaN)
  if (Number.isNaN(date.getTime())) throw new TypeError('an entry must hold its dates as ISO texts')
  return date
}
