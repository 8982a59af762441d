import { connect, createRelay, Diagnostics, migrate, orThrow, publishMany } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type PostgresServer,
  type PostgresStandby,
  startPostgresServer,
  startPostgresStandby,
} from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pooler, startPooler } from '../../stores/postgres/pooler-fixture.ts'
import { change, patient, recordingSink } from '../outbox-fixture.ts'

let primary: PostgresServer
let standby: PostgresStandby
let replication: FaultProxy
let pooler: Pooler

beforeAll(async () => {
  primary = await startPostgresServer()
  replication = await faultProxy(primary.url)
  pooler = await startPooler(primary.url)
})
afterAll(async () => {
  await pooler.close()
  await standby.stop()
  await replication.close()
  await primary.stop()
})

test('A relay whose pooler moves to a promoted standby delivers every event of the new primary', async () => {
  const stores = orThrow(
    await connect({
      postgres: { url: pooler.url, prepare: false, connectTimeoutMs: 10_000 },
      redis: { url: 'redis://127.0.0.1:1' },
      diagnostics: new Diagnostics(),
    }),
  )
  orThrow(await migrate(stores))
  const sink = recordingSink()
  const relay = patient(createRelay(stores, { sinks: [sink], tickMs: 5, maxPollMs: 20 }))
  const publishOneByOne = async (aggregateId: string, count: number): Promise<void> => {
    for (let version = 1; version <= count; version += 1)
      await publishMany(stores.postgres.client, [change(aggregateId, version)])
  }
  await publishOneByOne('kept', 5)
  orThrow(await relay.drain())
  standby = await startPostgresStandby(primary, { primaryUrl: replication.url })
  await standby.catchUp()
  replication.hang()
  await publishOneByOne('lost', 50)
  orThrow(await relay.drain())
  await standby.promote()
  await pooler.moveTo(standby.url)
  await eventually(async () => orThrow(await stores.postgres.query('SELECT')))
  await publishOneByOne('new', 30)
  await eventually(
    () => {
      expect(sink.seen.filter((name) => name.startsWith('new'))).toEqual(
        Array.from({ length: 30 }, (_, index) => `new@${index + 1}`),
      )
    },
    { timeoutMs: 60_000 },
  )
  orThrow(await relay.stop())
  orThrow(await stores.close())
})
