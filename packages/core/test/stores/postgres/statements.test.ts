import { describe, expect, test } from 'vitest'
import { Statements } from '../../../src/stores/postgres/statements.ts'

describe('a statement', () => {
  test('names tables in the schema of the stores, quoted', () => {
    expect(new Statements('my "shop"$&', true).of('SELECT * FROM @schema.goods', false).text).toBe(
      'SELECT * FROM "my ""shop""$&".goods',
    )
  })

  test.each([
    ["SELECT '@schema.goods'::regclass", `SELECT '"o''brien".goods'::regclass`],
    ['SELECT * FROM @schema.goods', `SELECT * FROM "o'brien".goods`],
    ["SELECT 'me@schema.org'", "SELECT 'me@schema.org'"],
  ])('A statement quotes a schema with an apostrophe where it stands: %s', (text, sent) => {
    expect(new Statements("o'brien", true).of(text, false).text).toBe(sent)
  })

  test('is prepared under one name per text when it has parameters', () => {
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

  test('has different names in different schemas, since connections may be shared', () => {
    const [a, b] = ['a', 'b'].map(
      (schema) => new Statements(schema, true).of('SELECT FROM @schema.t WHERE id = $1', true).name,
    )
    expect(a).not.toBe(b)
  })

  test('is not prepared when that is switched off', () => {
    expect(new Statements('public', false).of('SELECT $1', true).name).toBeUndefined()
  })

  test('is not prepared beyond the first 500 texts, which the server would keep for good', () => {
    const statements = new Statements('public', true)
    const named = Array.from({ length: 700 }, (_, n) =>
      statements.of(`SELECT $1, ${n}`, true),
    ).filter(({ name }) => name !== undefined)
    expect(named).toHaveLength(500)
  })

  test.each([
    ['SELECT id FROM @schema.courses WHERE id = $1', 'select courses'],
    ['\n  -- why\n  INSERT INTO @schema."outbox" (id) VALUES ($1)', 'insert outbox'],
    ['UPDATE ONLY public.users SET a = 1', 'update users'],
    ['COMMIT', 'commit'],
    ['SELECT 1', 'select'],
  ])('is called by its keyword and table: %s', (text, operation) => {
    expect(new Statements('public', true).of(text, false).operation).toBe(operation)
  })
})
