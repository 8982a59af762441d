import { describe, expect, test } from 'vitest'
import { Statements } from '../../../src/stores/postgres/statements.ts'

describe('a statement', () => {
  test('A statement names tables in the quoted schema of the stores', () => {
    expect(new Statements('my "shop"$&', true).of('DELETE FROM @schema.goods', false).text).toBe(
      'DELETE FROM "my ""shop""$&".goods',
    )
  })

  const quoted = [
    ["CALL f('@schema.goods'::regclass)", `CALL f('"o''brien".goods'::regclass)`],
    ['DELETE FROM @schema.goods', `DELETE FROM "o'brien".goods`],
    ["CALL f('me@schema.org')", "CALL f('me@schema.org')"],
  ] as const
  test.each(quoted)(
    'A schema name with an apostrophe is quoted as its place in the statement requires: %s',
    (text, sent) => {
      expect(new Statements("o'brien", true).of(text, false).text).toBe(sent)
    },
  )

  const reads = [
    'SELECT 1',
    '\n  with a AS (SELECT 1) TABLE a',
    '(SELECT 1) UNION SELECT 2',
    'VALUES (1)',
    '--\nTABLE a',
    '/* a */ -- b\n(SELECT 1)',
  ]
  test.each(reads)('A read is kept on the primary by what pgpool looks for: %s', (text) => {
    const sent = new Statements('public', true).of(text, false).text
    expect(sent).toBe(`/*NO LOAD BALANCE*/ ${text}`)
  })

  const others = [
    'BEGIN',
    'UPDATE selected SET a = 1',
    'COMMIT',
    'SELECT /*+ SeqScan(a) */ 1',
    `${'/* a */'.repeat(40)}UPDATE selected SET a = 1`,
  ]
  test.each(others)('%s is sent as it is', (text) => {
    expect(new Statements('public', true).of(text, false).text).toBe(text)
  })

  test('A statement with parameters is prepared under one name per text', () => {
    const statements = new Statements('public', true)
    const [a, again, b, plain] = [
      statements.of('SELECT $1', true),
      statements.of('SELECT $1', true),
      statements.of('SELECT $1, 2', true),
      statements.of('BEGIN', false),
    ]
    expect(a.name).toMatch(/^hw_[\w-]{22}$/)
    expect([again.name === a.name, b.name === a.name, plain.name]).toEqual([true, false, undefined])
  })

  test('A statement has different names in different schemas, since connections may be shared', () => {
    const [a, b] = ['a', 'b'].map(
      (schema) => new Statements(schema, true).of('SELECT FROM @schema.t WHERE id = $1', true).name,
    )
    expect(a).not.toBe(b)
  })

  test('A statement has no name when preparation is switched off', () => {
    expect(new Statements('public', false).of('SELECT $1', true).name).toBeUndefined()
  })

  test('Only the first 500 statement texts are prepared, since the server never discards them', () => {
    const statements = new Statements('public', true)
    const named = Array.from({ length: 700 }, (_, n) =>
      statements.of(`SELECT $1, ${n}`, true),
    ).filter(({ name }) => name !== undefined)
    expect(named).toHaveLength(500)
  })

  const operations = [
    ['SELECT id FROM @schema.courses WHERE id = $1', 'select courses'],
    ['\n  -- why\n  INSERT INTO @schema."outbox" (id) VALUES ($1)', 'insert outbox'],
    ['UPDATE ONLY public.users SET a = 1', 'update users'],
    ['COMMIT', 'commit'],
    ['SELECT 1', 'select'],
  ] as const
  test.each(operations)(
    'A statement is reported under its keyword and table: %s',
    (text, operation) => {
      expect(new Statements('public', true).of(text, false).operation).toBe(operation)
    },
  )
})
