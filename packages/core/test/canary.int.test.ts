import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  connect,
  defineCache,
  Diagnostics,
  ok,
  orThrow,
  type Stores,
  transaction,
} from '@headwater/core'
import { isolate, type IsolatedStores } from '@headwater/testing'

const secret = '$2b$10$canary-of-a-password-hash'
let own: IsolatedStores<'postgres' | 'redis'>
let stores: Stores
const heard: unknown[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
  const diagnostics = new Diagnostics()
  for (const name of ['store:error', 'store:operation', 'transaction:end', 'cache:bypass'] as const)
    diagnostics.on(name, (event) => heard.push(event))
  stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
      diagnostics,
    }),
  )
  await stores.postgres.withConnection((connection) =>
    connection.query(
      `CREATE TABLE people (
        id serial PRIMARY KEY,
        password_hash text NOT NULL UNIQUE,
        role varchar(10) NOT NULL,
        age int CHECK (age > 0)
      );
      CREATE TABLE pets (owner int REFERENCES people (id), name text)`,
    ),
  )
  const values = [secret, 'student', 1]
  orThrow(await stores.postgres.query(insertPerson, values))
})
afterAll(async () => {
  orThrow(await stores.close())
  await own.dispose()
})

const insertPerson = 'INSERT INTO people (password_hash, role, age) VALUES ($1, $2, $3)'
const refused: readonly (readonly [string, string, readonly unknown[]])[] = [
  ['a check', insertPerson, [`${secret}2`, 'student', -1]],
  ['not null', insertPerson, [`${secret}3`, null, 1]],
  ['a unique index', insertPerson, [secret, 'student', 1]],
  ['a foreign key', 'INSERT INTO pets VALUES ($1::int, $2)', [99, secret]],
  ['the length of a column', insertPerson, [`${secret}4`, secret, 1]],
  ['a cast', 'SELECT $1::text::int', [secret]],
  ['a date', 'SELECT $1::text::timestamptz', [secret]],
  ['a function', "SELECT ($1::text || ' {')::jsonb", [secret]],
]

/** A secret that is split by an escape is a secret still. */
function expectNoSecret(value: unknown): void {
  const words = [JSON.stringify(value), inspect(value, { depth: 20, showHidden: true })]
  for (const text of words) expect(text).not.toContain('canary')
}

test.each(refused)(
  'A statement that is refused by %s fails without a word of its row',
  async (_, text, values) => {
    expectNoSecret((await stores.postgres.query(text, values))._unsafeUnwrapErr())
    const failed = await transaction(stores, async (tx) => {
      await tx.query(text, values)
      return ok(undefined)
    })
    expectNoSecret(failed._unsafeUnwrapErr())
    const rejection: unknown = await stores.postgres.client
      .query(text, values)
      .catch((e: unknown) => e)
    expectNoSecret(rejection)
    expectNoSecret(heard)
  },
)

test('A loader that fails with a row fails the read without a word of it in JSON', async () => {
  const cache = defineCache<number, string>(stores, {
    name: 'people',
    ttlMs: 1_000,
    load: async () => {
      throw Object.assign(new Error('refused'), { detail: `Failing row contains (${secret})` })
    },
  })
  expect(JSON.stringify((await cache.get(1))._unsafeUnwrapErr())).not.toContain('canary')
})

test('A command that Redis refuses fails without a word of its arguments', async () => {
  const result = await stores.redis.run('unknown', (client) =>
    client.sendCommand(['NO-SUCH-COMMAND', secret]),
  )
  expectNoSecret(result._unsafeUnwrapErr())
})

test('A failure keeps its cause for a debugger', async () => {
  const failure = (await stores.postgres.query(insertPerson, [secret, 'x', 1]))._unsafeUnwrapErr()
  expect(failure.cause).toMatchObject({ name: 'DatabaseError', code: '23505', table: 'people' })
  expect(Object.keys(failure)).not.toContain('cause')
})
