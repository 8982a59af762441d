import {
  connect,
  createRelay,
  type DiagnosticEvents,
  migrate,
  ok,
  orThrow,
  outbox,
  type Stores,
  transaction,
} from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type PostgresServer,
  type PostgresStandby,
  startPostgresServer,
  startPostgresStandby,
  startRedisServer,
  type RedisServer,
} from '@headwater/testing'
import type { RedisClientType } from '@redis/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { change, patient, recordingSink } from './outbox-fixture.ts'

let primary: PostgresServer
let standby: PostgresStandby
let replication: FaultProxy
let front: FaultProxy
let redis: RedisServer
const opened: Stores[] = []
const stops: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  ;[primary, redis] = await Promise.all([startPostgresServer(), startRedisServer()])
  ;[replication, front] = await Promise.all([faultProxy(primary.url), faultProxy(primary.url)])
  const stores = await open()
  orThrow(await migrate(stores))
  orThrow(await outbox(stores).checkOrigin())
  orThrow(await stores.close())
  standby = await startPostgresStandby(primary, { primaryUrl: replication.url })
  await standby.catchUp()
})
afterEach(async () => {
  for (const stores of opened.splice(0)) orThrow(await stores.close())
  await Promise.all([replication.close(), front.close(), standby.stop()])
  await Promise.all([primary.stop(), redis.stop()])
  for (const stop of stops.splice(0)) await stop()
})

/** A process of the application; `redisUrl` where it reaches another Redis, or none. */
async function open(redisUrl = redis.url): Promise<Stores> {
  const stores = orThrow(
    await connect({
      postgres: { url: front.url, connectTimeoutMs: 10_000 },
      redis: { url: redisUrl, deadlineMs: 2_000 },
    }),
  )
  opened.push(stores)
  return stores
}

async function publish(stores: Stores, aggregateId: string): Promise<void> {
  await eventually(async () =>
    orThrow(
      await transaction(stores, async (tx) => {
        await tx.query('SELECT')
        tx.publish(change(aggregateId, 1))
        return ok(undefined)
      }),
    ),
  )
}

/** Kills the primary, promotes the standby, and leads every process to it. */
async function failOver(): Promise<void> {
  await primary.kill()
  await standby.promote()
  front.moveTo(standby.url)
}

function heardOf(stores: Stores): DiagnosticEvents['transaction:lost'][] {
  const heard: DiagnosticEvents['transaction:lost'][] = []
  stores.diagnostics.on('transaction:lost', (lost) => heard.push(lost))
  return heard
}

test('After a failover that lost an acknowledged event, relays refuse until a reset, also new ones', async () => {
  const writer = await open()
  await publish(writer, 'kept')
  await standby.catchUp()
  replication.hang()
  await publish(writer, 'lost')
  orThrow(await writer.close())
  await failOver()

  const stores = await open()
  const heard = heardOf(stores)
  const sink = recordingSink()
  const relay = patient(createRelay(stores, { sinks: [sink], tickMs: 5, maxPollMs: 20 }))
  // Assigns the ids of the lost transactions again.
  for (const name of ['a', 'b', 'c', 'd']) await publish(stores, name)
  relay.start()
  await eventually(() => relay.refusal !== undefined)
  expect(relay.refusal?.message).toMatch(/lost acknowledged transactions.*timeline 1 .*reset\(/s)
  expect((await outbox(stores).checkOrigin())._unsafeUnwrapErr().type).toBe('outbox-restored')
  expect(sink.seen).toEqual([])
  expect(heard).toEqual([
    { transactionId: expect.any(String) as string, timeline: 1, newTimeline: 2 },
  ])

  orThrow(await outbox(stores).reset({ history: 'continued' }))
  await eventually(() => {
    expect(sink.seen.toSorted()).toEqual(['a@1', 'b@1', 'c@1', 'd@1', 'kept@1'])
  })
  orThrow(await outbox(stores).checkOrigin())
  orThrow(await relay.stop())
})

test('After a failover that lost nothing, nothing is refused, though the standby lacks other things', async () => {
  const stores = await open()
  const heard = heardOf(stores)
  const sink = recordingSink()
  const relay = patient(createRelay(stores, { sinks: [sink], tickMs: 5, maxPollMs: 20 }))
  await publish(stores, 'kept')
  orThrow(await relay.drain())
  await standby.catchUp()
  replication.hang()
  // Reads end in an acknowledged commit, whose record no standby needs; this is none of ours.
  orThrow(await transaction(stores, async (tx) => ok(await tx.query('SELECT'))))
  orThrow(await stores.postgres.query('CREATE TABLE unacknowledged ()'))
  await failOver()
  await publish(stores, 'new')
  await eventually(() => {
    expect(sink.seen).toEqual(['kept@1', 'new@1'])
  })
  expect(relay.refusal).toBeUndefined()
  expect(heard).toEqual([])
  orThrow(await outbox(stores).checkOrigin())
  orThrow(await relay.stop())
})

test('A reset forgets what another life of the server acknowledged, so that a clean failover is none', async () => {
  const stores = await open()
  const heard = heardOf(stores)
  await publish(stores, 'kept')
  const { rows } = orThrow(
    await stores.postgres.query<{ system: string }>(
      'SELECT system_identifier::text AS system FROM pg_control_system()',
    ),
  )
  const client = stores.redis.client as RedisClientType
  const key = `witness!${rows[0]?.system ?? ''}`
  await eventually(async () => expect(await client.zCard(key)).toBe(1))
  // As before the restore of an image of the disk, which keeps the timeline.
  const ofLostFuture = '00000001 FFFFFFFF/FFFFFFFF 999999'
  await client.zAdd(key, { score: 0, value: ofLostFuture })
  orThrow(await outbox(stores).reset({ history: 'continued' }))
  expect(await client.zRange(key, 0, -1)).not.toContain(ofLostFuture)
  orThrow(await outbox(stores).checkOrigin())
  await standby.catchUp()
  await failOver()
  await publish(stores, 'new')
  await eventually(async () => orThrow(await outbox(stores).checkOrigin()))
  expect(heard).toEqual([])
})

test('A process that acknowledged a lost event says so by itself, without Redis and without a relay', async () => {
  const stores = await open('redis://127.0.0.1:1')
  const heard = heardOf(stores)
  await publish(stores, 'kept')
  await standby.catchUp()
  replication.hang()
  await publish(stores, 'lost')
  await failOver()
  await publish(stores, 'new')
  await eventually(() => expect(heard).toHaveLength(1))
  expect((await outbox(stores).checkOrigin())._unsafeUnwrapErr().type).toBe('outbox-restored')
})

test('While Redis is away after a failover, relays deliver until it says what was lost', async () => {
  const writer = await open()
  replication.hang()
  await publish(writer, 'lost')
  orThrow(await writer.close())
  await failOver()
  const redisFront = await faultProxy(redis.url)
  stops.push(() => redisFront.close())
  redisFront.cut()
  const stores = await open(redisFront.url)
  const sink = recordingSink()
  const relay = patient(createRelay(stores, { sinks: [sink], tickMs: 5, maxPollMs: 20 }))
  relay.start()
  await publish(stores, 'new')
  await eventually(() => {
    expect(sink.seen).toEqual(['new@1'])
  })
  redisFront.restore()
  await eventually(() => relay.refusal !== undefined)
  orThrow(await outbox(stores).reset())
  await publish(stores, 'newer')
  await eventually(() => {
    expect(sink.seen).toEqual(['new@1', 'newer@1'])
  })
  orThrow(await relay.stop())
})
