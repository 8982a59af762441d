import type { CustomTypesConfig } from 'pg'
import { types } from 'pg'

const int8 = 20
const numeric = 1700
const date = 1082
const timestamptz = 1184

const asText = (text: string): string => text

/**
 * How columns become values, whatever a host has done to the parsers of `pg` for itself: `bigint`,
 * `numeric` and `date` stay text (nothing is rounded, nothing moves with the time zone),
 * `timestamptz` becomes a `Date`.
 */
export const rowTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary' = 'text') => {
    if (format === 'text') {
      if (oid === int8 || oid === numeric || oid === date) return asText
      if (oid === timestamptz) return instant
    }
    return types.getTypeParser(oid, format) as unknown
  }) as CustomTypesConfig['getTypeParser'],
}

function instant(text: string): unknown {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)([+-]\d\d)(?::(\d\d))?$/.exec(
    text,
  )
  if (parts === null)
    return (types.getTypeParser(timestamptz, 'text') as (text: string) => unknown)(text)
  return new Date(`${parts[1]}T${parts[2]}${parts[3]}:${parts[4] ?? '00'}`)
}
