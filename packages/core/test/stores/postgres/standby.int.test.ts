import { connect, type ConnectOptions, migrate, orThrow } from '@headwater/core'
import {
  type PostgresServer,
  type PostgresStandby,
  startPostgresServer,
  startPostgresStandby,
} from '@headwater/testing'
import { Client, Pool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { selectIntents } from '../../../src/invalidation/intent-queries.ts'
import { TransactionsUnderWay } from '../../../src/invalidation/under-way.ts'
import { selectRevocations } from '../../../src/sessions/revocation-queries.ts'
import type { PostgresStore } from '../../../src/stores/postgres/postgres-store.ts'
import { type HistoryExpressions, untold } from '../../../src/stores/postgres/server-history.ts'
import { vitalsSql } from '../../../src/vitals/vitals-queries.ts'

let primary: PostgresServer
let standby: PostgresStandby

const redis = { url: 'redis://127.0.0.1:1' }
const sentence = 'a standby answers, which may lag behind its primary'

beforeAll(async () => {
  primary = await startPostgresServer()
  const stores = orThrow(await connect({ postgres: { url: primary.url }, redis }))
  orThrow(await migrate(stores))
  orThrow(await stores.close())
  standby = await startPostgresStandby(primary)
  await standby.catchUp()
})
afterAll(async () => {
  await standby.stop()
  await primary.stop()
})

test.each(['a URL', 'a pool of the host'])('A standby behind %s is refused', async (way) => {
  const pool = new Pool({ connectionString: standby.url })
  const postgres: ConnectOptions['postgres'] = way === 'a URL' ? { url: standby.url } : { pool }
  const failure = (await connect({ postgres, redis, connectDeadlineMs: 1_000 }))._unsafeUnwrapErr()
  expect(failure).toMatchObject({
    type: 'store-unavailable',
    store: 'postgres',
    message: expect.stringContaining(sentence) as string,
  })
  await pool.end()
})

test('A connection of a pool of the host is asked once whether it leads to a primary', async () => {
  const asked: string[] = []
  const pool = new Pool({ connectionString: primary.url, max: 1 }).on('connect', (client) => {
    listenIn(client, asked)
  })
  const stores = orThrow(await connect({ postgres: { pool }, redis }))
  for (let count = 0; count < 3; count += 1) orThrow(await stores.postgres.query('SELECT 1'))
  expect(asked.filter((text) => text.includes('pg_is_in_recovery'))).toHaveLength(1)
  orThrow(await stores.close())
  await pool.end()
})

function listenIn(client: PoolClient, asked: string[]): void {
  const query = client.query.bind(client) as (...values: unknown[]) => unknown
  client.query = ((...values: unknown[]) => {
    if (typeof values[0] === 'string') asked.push(values[0])
    return query(...values)
  }) as never
}

test('What is watched is read from a standby as well, with its own slots', async () => {
  const client = new Client(standby.url)
  await client.connect()
  await client.query("SELECT pg_create_physical_replication_slot('idle', true)")
  const { rows } = await client.query(vitalsSql.replaceAll('@schema.', 'public.'), [''])
  await client.query("SELECT pg_drop_replication_slot('idle')")
  await client.end()
  const slot = { slot: 'idle', active: false, retained: expect.any(Number) as number }
  expect(rows).toMatchObject([{ intents: 0, slots: [slot] }])
})

describe('on a standby, though there is nothing to find', () => {
  test.each([
    ['A look for intents', selectIntents, [0, 1, '']],
    ['A look for revocations', selectRevocations.all, ['', 0, 1]],
  ])('%s fails', async (_, text, values) => {
    const client = new Client(standby.url)
    await client.connect()
    await expect(client.query(text.replaceAll('@schema.', 'public.'), values)).rejects.toThrow(
      sentence,
    )
    await client.end()
  })

  test('A look for transactions under way fails where a server does not tell its history', async () => {
    const client = new Client(standby.url)
    await client.connect()
    const expressions = { timeline: untold, system: untold, recovery: untold, place: untold }
    const connection = {
      query: (text: string) => client.query(text),
      history: { use: (ask: (told: HistoryExpressions) => unknown) => ask(expressions) },
    }
    const postgres = { withConnection: (use: (given: unknown) => unknown) => use(connection) }
    const underWay = new TransactionsUnderWay(postgres as unknown as PostgresStore)
    await expect(underWay.note()).rejects.toThrow(sentence)
    await client.end()
  })
})
