import { randomUUID } from 'node:crypto'
import {
  createRelay,
  createSessions,
  defineCache,
  defineSink,
  logDiagnostics,
  migrate,
  ok,
  orThrow,
  outbox,
  type Stores,
  transaction,
} from '@headwater/core'
import { isolate, startPineconeStandIn, type IsolatedStores } from '@headwater/testing'
import type { PineconeStandIn } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { expectNoSecret, openHeard, quietFailureOf, secret } from './canary-fixture.ts'

let own: IsolatedStores<'postgres' | 'redis' | 'mongodb'>
let pinecone: PineconeStandIn
let stores: Stores
const heard: unknown[] = []
const logged: unknown[] = []

beforeAll(async () => {
  const { postgres, redis, mongodb } = inject('stack')
  own = await isolate({ postgres, redis, mongodb })
  pinecone = await startPineconeStandIn({ indexes: [{ name: 'people', dimension: 2 }] })
  stores = await openHeard(own, { service: pinecone, index: 'people' }, heard)
  const log = (...line: unknown[]) => void logged.push(line)
  const logger = { debug: log, info: log, warn: log, error: log }
  logDiagnostics(stores.diagnostics, logger, { level: 'debug' })
  orThrow(await migrate(stores, { sets: [] }))
  await stores.postgres.withConnection((connection) => connection.query(tables))
  orThrow(await stores.postgres.query(insertPerson, [secret, 'student', 1]))
})
afterEach(() => {
  expectNoSecret(heard.splice(0))
  expectNoSecret(logged.splice(0))
})
afterAll(async () => {
  orThrow(await stores.close({ deadlineMs: 60_000 }))
  await Promise.all([own.dispose(), pinecone.stop()])
})

const tables = `
  CREATE TABLE people (
    id serial PRIMARY KEY,
    password_hash text NOT NULL UNIQUE,
    role varchar(10) NOT NULL,
    age int CHECK (age > 0)
  );
  CREATE TABLE pets (owner int REFERENCES people (id), name text);
  CREATE FUNCTION refuse(word text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no % here', word USING ERRCODE = split_part(word, ' ', 2); END $$`

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
  ['a trigger', 'SELECT refuse($1)', [`${secret} P0001`]],
  ['a trigger with a code of its own', 'SELECT refuse($1)', [`${secret} HW001`]],
  ['a trigger that speaks of a constraint', 'SELECT refuse($1)', [`${secret} 23514`]],
  ['an extension in trouble', 'SELECT refuse($1)', [`${secret} XX000`]],
  ['a resource that is short', 'SELECT refuse($1)', [`${secret} 53000`]],
]

describe('PostgreSQL', () => {
  test.each(refused)(
    'A statement that is refused by %s fails without a word of its row',
    async (_, text, values) => {
      quietFailureOf(await stores.postgres.query(text, values))
      const failed = await transaction(stores, async (tx) => {
        await tx.query(text, values)
        return ok(undefined)
      })
      quietFailureOf(failed)
      const rejection: unknown = await stores.postgres.client
        .query(text, values)
        .catch((e: unknown) => e)
      expectNoSecret(rejection)
    },
  )

  test('A migration that is refused fails without a word of a row', async () => {
    const files = { '0001_cast.sql': 'SELECT password_hash::int FROM people;' }
    const failed = await migrate(stores, { sets: [{ name: 'canary', files }] })
    expect(quietFailureOf(failed)).toMatchObject({ type: 'migration-failed', reason: 'statement' })
  })

  test('A failure keeps its cause for a debugger', async () => {
    const failure = (await stores.postgres.query(insertPerson, [secret, 'x', 1]))._unsafeUnwrapErr()
    expect(failure.cause).toMatchObject({ name: 'DatabaseError', code: '23505', table: 'people' })
    expect(Object.keys(failure)).not.toContain('cause')
  })
})

const thrown: readonly (readonly [string, () => Error])[] = [
  ['PostgreSQL', () => serverError('DatabaseError', { severity: 'ERROR', code: '22P02' })],
  ['MongoDB', () => serverError('MongoServerError', { code: 11000, keyValue: { a: secret } })],
  ['Drizzle', () => serverError('DrizzleQueryError', { query: 'SELECT 1', params: [secret] })],
  ['Prisma', () => serverError('PrismaClientKnownRequestError', { code: 'P2002' })],
]

function serverError(name: string, fields: object): Error {
  const cause = Object.assign(new Error(`a row: ${secret}`), { severity: 'ERROR', code: '22000' })
  const error = new Error(`Failed query: ${secret}`, { cause })
  error.name = name
  return Object.assign(error, { detail: `Failing row contains (${secret})`, ...fields })
}

describe('what a host throws', () => {
  test.each(thrown)(
    'A loader that throws an error of %s fails the read without a word of the row',
    async (_, error) => {
      const cache = defineCache<number, string>(stores, {
        name: 'people',
        ttlMs: 1_000,
        load: async () => {
          throw error()
        },
      })
      quietFailureOf(await cache.get(1))
      quietFailureOf(await cache.getMany([1, 2]))
    },
  )

  test.each(thrown)(
    'A sink that throws an error of %s is reported, and its event given up, without the row',
    async (name, error) => {
      const sink = defineSink({
        name: `sink-${randomUUID()}`,
        types: [`${name.toLowerCase()}.written`],
        mode: 'log',
        handle: async () => {
          throw error()
        },
      })
      const relay = createRelay(stores, { sinks: [sink], maxAttempts: 1 })
      const published = await transaction(stores, async (tx) => {
        tx.publish({
          aggregateType: 'person',
          aggregateId: name,
          type: `${name.toLowerCase()}.written`,
          version: 1,
          payload: { hash: secret },
        })
        return ok(undefined)
      })
      orThrow(published)
      orThrow(await relay.drain({ deadlineMs: 60_000 }))
      orThrow(await relay.stop({ deadlineMs: 60_000 }))
      const [letter] = orThrow(await outbox(stores).deadLetters.list({ sink: sink.name }))
      expect(letter?.payload).toEqual({ hash: secret })
      expectNoSecret({ ...letter, payload: undefined })
    },
  )
})

const commands: readonly (readonly [string, string[]])[] = [
  ['an unknown command', ['NO-SUCH-COMMAND', secret]],
  ['a command named like the secret', [secret]],
  ['an unknown subcommand', ['CLIENT', secret]],
  ['an unknown argument', ['SET', 'key', 'value', secret]],
  ['a script that quotes', ['EVAL', 'error(ARGV[1])', '0', secret]],
  ['a script that replies an error', ['EVAL', 'return {err = ARGV[1]}', '0', secret]],
]

describe('Redis', () => {
  test.each(commands)('%s fails without a word of its arguments', async (_, command) => {
    const result = await stores.redis.run('unknown', (client) => client.sendCommand(command))
    quietFailureOf(result)
  })

  test('A session that cannot be read is none, and says nothing of its data', async () => {
    const sessions = createSessions(stores)
    const { token } = orThrow(await sessions.create({ userId: 1, data: { hash: secret } }))
    const pattern = `${own.redis.prefix}session:*`
    const [key = ''] = orThrow(await stores.redis.run('keys', (client) => client.keys(pattern)))
    const text = String(orThrow(await stores.redis.run('get', (client) => client.get(key))))
    expect(text).toContain(secret)
    orThrow(await stores.redis.run('cut', (client) => client.set(key, text.slice(0, -3))))
    expect(orThrow(await sessions.get(token))).toBeUndefined()
    expect(orThrow(await sessions.touch(token))).toBeUndefined()
    expect(orThrow(await sessions.rotate(token))).toBeUndefined()
    expect(orThrow(await sessions.list(1))).toEqual([])
    expect(orThrow(await sessions.setData(token, { hash: secret }))).toBeUndefined()
  })

  test('Session data that is refused is not repeated', async () => {
    const sessions = createSessions(stores)
    const data = { hash: secret, when: new Date() }
    quietFailureOf(await sessions.create({ userId: 1, data: data as never }))
    quietFailureOf(await sessions.create({ userId: 1, data: secret.repeat(10_000) }))
  })
})

describe('MongoDB', () => {
  test('A document that is refused fails without a word of it', async () => {
    const mongodb = stores.mongodb
    const insert = (documents: readonly object[]) =>
      mongodb?.run('insert', (database) =>
        database.collection('people').insertMany(documents, { ordered: false }),
      )
    const id = randomUUID()
    for (const documents of [
      [{ _id: secret }, { _id: secret }],
      [
        { _id: id, hash: secret },
        { _id: id, hash: secret },
      ],
      [{ _id: 1, [`$${secret}`]: { $bad: 1 } }],
      [{ _id: 2, ['a\0c4n4ry']: 1 }],
      [{ _id: 3, hash: secret, when: new Date(Number.NaN), far: 2n ** 70n }],
    ])
      await insert(documents)?.then((result) => result.isErr() && quietFailureOf(result))
    const update = await mongodb?.run('update', (database) =>
      database.collection('people').updateOne({ _id: 1 as never }, { [secret]: 1 }),
    )
    if (update?.isErr()) quietFailureOf(update)
    const find = await mongodb?.run('find', (database) =>
      database.collection('people').findOne({ hash: { $regex: `(${secret}` } }),
    )
    if (find?.isErr()) quietFailureOf(find)
  })
})

const answers: readonly (readonly [string, number])[] = [
  ['refuses', 400],
  ['forbids', 403],
  ['is overloaded', 503],
]

describe('Pinecone', () => {
  test.each(answers)('An upsert that the service %s fails without its text', async (_, status) => {
    pinecone.faults.failNext({ status, times: 10, route: '/vectors', message: secret })
    const result = await stores.pinecone?.run('upsert', (index) =>
      index.upsert({ records: [{ id: secret, values: [1, 2], metadata: { hash: secret } }] }),
    )
    pinecone.faults.restore()
    if (result !== undefined) quietFailureOf(result)
  })
})
