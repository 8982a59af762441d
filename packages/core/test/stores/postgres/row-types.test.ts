import { types } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { rowTypes, UnreadableValue } from '../../../src/stores/postgres/row-types.ts'

const read = (oid: number, text: string): unknown =>
  (rowTypes.getTypeParser as (oid: number, format: 'text') => (text: string) => unknown)(
    oid,
    'text',
  )(text)

const { BOOL, DATE, INT4, INT8, JSON, JSONB, NUMERIC, TIMESTAMPTZ } = types.builtins
const hostile = [BOOL, INT4, INT8, JSON, JSONB, NUMERIC, TIMESTAMPTZ, DATE]
const before = hostile.map((oid) => [oid, parserOf(oid)] as const)

function parserOf(oid: number): (text: string) => unknown {
  return types.getTypeParser(oid) as (text: string) => unknown
}

afterEach(() => {
  for (const [oid, parser] of before) types.setTypeParser(oid, parser)
})

const values = [
  [BOOL, 't', true],
  [INT4, '-5', -5],
  [INT8, '9007199254740993', '9007199254740993'],
  [NUMERIC, '0.10', '0.10'],
  [JSON, '{"a":[1]}', { a: [1] }],
  [JSONB, '"x"', 'x'],
  [DATE, '2026-02-28', '2026-02-28'],
  [TIMESTAMPTZ, '2026-02-28 10:00:00.5+00', new Date('2026-02-28T10:00:00.5Z')],
] as const
const unreadable = [
  [TIMESTAMPTZ, '28.02.2026 10:00:00 CET'],
  [TIMESTAMPTZ, 'Sat Feb 28 10:00:00 2026 CET'],
  [DATE, '28.02.2026'],
] as const
const rare = [
  [TIMESTAMPTZ, 'infinity', Infinity],
  [TIMESTAMPTZ, '1890-01-01 00:00:00+00:53:28', new Date('1889-12-31T23:06:32Z')],
  [DATE, '0044-03-15 BC', '0044-03-15 BC'],
] as const

describe('rowTypes', () => {
  test.each(values)(
    'A column of type %i reads %s the same whatever parsers the host sets',
    (oid, text, value) => {
      for (const each of hostile) types.setTypeParser(each, () => 'of the host')
      expect(read(oid, text)).toEqual(value)
    },
  )

  test.each(unreadable)('A column of type %i refuses %s, which is not ISO', (oid, text) => {
    expect(() => read(oid, text)).toThrow(UnreadableValue)
  })

  test.each(rare)('A column of type %i reads the rare value %s', (oid, text, value) => {
    expect(read(oid, text)).toEqual(value)
  })
})
