import { bsonType } from '../values/document.ts'
import { numberKind } from '../values/number.ts'

const classNames: Record<string, string> = {
  Binary: 'binData',
  UUID: 'binData',
  ObjectId: 'objectId',
  Timestamp: 'timestamp',
  BSONRegExp: 'regex',
  BSONSymbol: 'symbol',
  Code: 'javascript',
  MinKey: 'minKey',
  MaxKey: 'maxKey',
  DBRef: 'object',
}

const numbered: Record<string, string> = {
  1: 'double',
  2: 'string',
  3: 'object',
  4: 'array',
  5: 'binData',
  6: 'undefined',
  7: 'objectId',
  8: 'bool',
  9: 'date',
  10: 'null',
  11: 'regex',
  13: 'javascript',
  14: 'symbol',
  16: 'int',
  17: 'timestamp',
  18: 'long',
  19: 'decimal',
  '-1': 'minKey',
  127: 'maxKey',
}

/** The alias of a value's BSON type as $type names it; 'missing' for undefined. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Date) return 'date'
  if (value instanceof RegExp) return 'regex'
  return numberKind(value) ?? classNames[bsonType(value) ?? ''] ?? 'object'
}

/**
 * The alias that a $type argument means, by name or by number; undefined when there is no such
 * type.
 */
export function knownTypeName(argument: unknown): string | undefined {
  if (argument === 'number') return 'number'
  if (typeof argument !== 'string') return numbered[String(argument)]
  return Object.values(numbered).includes(argument) ? argument : undefined
}
