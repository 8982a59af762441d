import type { CustomTypesConfig } from 'pg'
import { types } from 'pg'

/** A value that the server sent in a form that nothing here reads. */
export class UnreadableValue extends Error {
  constructor(type: string) {
    super(`a ${type} did not come in the form of ISO 8601: the session's DateStyle must be ISO`)
    this.name = 'UnreadableValue'
  }
}

const asText = (text: string): string => text
const asNumber = (text: string): number => Number(text)
const asJson = (text: string): unknown => JSON.parse(text)

/**
 * Parsers by the number of the type: `bool`, `int8`, `int2`, `int4`, `oid`, `json`, `float4`,
 * `float8`, `date`, `timestamptz`, `numeric`, `jsonb`.
 */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  20: asText,
  21: asNumber,
  23: asNumber,
  26: asNumber,
  114: asJson,
  700: asNumber,
  701: asNumber,
  1082: day,
  1184: instant,
  1700: asText,
  3802: asJson,
}

/**
 * Turns columns into values, in the same way whatever parsers a host has given `pg` for itself.
 * `bigint`, `numeric` and `date` stay text: nothing is rounded, nothing moves with the time zone.
 * `timestamptz` becomes a `Date`; one that is not in ISO form rejects the statement.
 */
export const rowTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary' = 'text') =>
    (format === 'text' ? parsers[oid] : undefined) ??
    (types.getTypeParser(oid, format) as unknown)) as CustomTypesConfig['getTypeParser'],
}

const isoInstant = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)([+-]\d\d)(?::(\d\d))?$/
/** Years beyond 9999 or before Christ, offsets with seconds, and infinity: left to `pg`. */
const rareInstant =
  /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d){0,2}( BC)?$|^-?infinity$/
const isoDay = /^\d{4,}-\d\d-\d\d( BC)?$|^-?infinity$/

function instant(text: string): unknown {
  const parts = isoInstant.exec(text)
  if (parts !== null) return new Date(`${parts[1]}T${parts[2]}${parts[3]}:${parts[4] ?? '00'}`)
  if (!rareInstant.test(text)) throw new UnreadableValue('timestamp')
  return (types.getTypeParser(1184, 'text') as (text: string) => unknown)(text)
}

function day(text: string): string {
  if (!isoDay.test(text)) throw new UnreadableValue('date')
  return text
}
