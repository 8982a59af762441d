import { setTimeout } from 'node:timers/promises'
import { orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  type FaultProxy,
  leastRoundTrips,
  type PostgresServer,
  type PostgresStandby,
  startPostgresStandby,
} from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  connectReplicas,
  patientMs,
  type ReplicatedStores,
  type ReplicaServers,
  runAt,
  startReplica,
  titleOf,
} from './replicas-fixture.ts'

let primary: PostgresServer
let standby: PostgresStandby
let link: FaultProxy
const opened: Stores[] = []

let servers: ReplicaServers

beforeAll(async () => {
  servers = await startReplica()
  ;({ primary, standby, link } = servers)
})
afterAll(() => servers.stop())
afterEach(async () => {
  link.restore()
  await runAt(standby.url, 'SELECT pg_wal_replay_resume()')
  await Promise.all(opened.splice(0).map((stores) => stores.close()))
})

/** Stores whose only replica, unless told otherwise, has answered a read after the position. */
async function open(
  options: Parameters<typeof connectReplicas>[0] = {},
): Promise<ReplicatedStores & { readonly after: string }> {
  const own = await connectReplicas({
    url: primary.url,
    replicas: [{ url: link.url }],
    replicaLookEveryMs: 3_600_000,
    ...options,
  })
  opened.push(own.stores)
  const after = orThrow(await own.stores.postgres.position())
  await eventually(
    async () => {
      await titleOf(own.stores, { after })
      expect(own.answers()).toEqual([expect.stringMatching(/^replica/)])
    },
    { timeoutMs: patientMs },
  )
  return { ...own, after }
}

test('A deadline is long enough for the primary where a replica hangs', async () => {
  const { stores, answers, after } = await open()
  link.hang()
  const read = stores.postgres.read('SELECT title FROM course', [], {
    freshness: { after },
    deadlineMs: 8_000,
  })
  expect(orThrow(await read).rows).toEqual([{ title: 'Algebra' }])
  expect(answers()).toEqual(['primary: silent'])
})

test('A read in haste takes no replica from other callers', async () => {
  const { stores, answers, after } = await open()
  const freshness = { after }
  link.delay(2_000)
  const hasty = stores.postgres.read('SELECT title FROM course', [], { freshness, deadlineMs: 400 })
  const outcome = await hasty.match(
    () => 'read',
    (failure) => failure.type,
  )
  expect(outcome).toMatch(/^(read|deadline-exceeded)$/)
  expect(answers()).toEqual(['primary: silent'])
  link.restore()
  await titleOf(stores, freshness)
  expect(answers()).toEqual(['replica 0'])
})

test('An abort ends a read that waits for a replica', async () => {
  const { stores, answers, after } = await open({ replicaPatienceMs: 10_000 })
  link.hang()
  const caller = new AbortController()
  const read = stores.postgres.read('SELECT title FROM course', [], {
    freshness: { after },
    signal: caller.signal,
  })
  await setTimeout(200)
  caller.abort()
  expect((await read)._unsafeUnwrapErr()).toMatchObject({ type: 'deadline-exceeded' })
  // It did not wait until the replica was passed over.
  expect(answers()).toEqual([])
  const late = { freshness: { after }, signal: caller.signal }
  expect((await stores.postgres.read('SELECT', [], late)).isErr()).toBe(true)
})

test('A lock that a replay holds sends the read to the primary', async () => {
  const { stores, answers, after } = await open({ replicaPatienceMs: 3_000 })
  const holder = new pg.Client({ connectionString: primary.url })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE course IN ACCESS EXCLUSIVE MODE')
  await runAt(primary.url, "SELECT pg_logical_emit_message(true, 'test', 'flushes the lock')")
  const held = "SELECT count(*)::int FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
  await eventually(async () => expect(await runAt(standby.url, held)).toEqual([1]), {
    timeoutMs: patientMs,
  })
  await runAt(standby.url, 'SELECT pg_wal_replay_pause()')
  await holder.end()
  expect(await titleOf(stores, { after })).toBe('Algebra')
  expect(answers()).toEqual(['primary: failed'])
})

test('A read that a replica cannot have yet is not carried out there again and again', async () => {
  const { stores, answers, after: before } = await open({ replicaPatienceMs: 1_500 })
  await runAt(standby.url, 'SELECT pg_wal_replay_pause()')
  orThrow(await stores.postgres.query('CREATE TABLE late AS SELECT 1 AS title'))
  const after = orThrow(await stores.postgres.position())
  // Carried out on the replica, it fails.
  const readLate = () => titleOf(stores, { after }, 'SELECT title FROM late')
  await readLate()
  await readLate()
  await titleOf(stores, { after: before })
  const roundTrips = link.roundTrips()
  await readLate()
  // What was waited for in vain is not waited for again.
  expect(link.roundTrips() - roundTrips).toBe(1)
  expect(answers()).toEqual([
    'primary: failed',
    'primary: lagging',
    'replica 0',
    'primary: lagging',
  ])
})

test('A replica that has replayed an old position is given no read of a new one in vain', async () => {
  const { stores, answers } = await open({ replicaPatienceMs: 1_500 })
  const readNew = async (table: string): Promise<string[]> => {
    const after = orThrow(await stores.postgres.position())
    await titleOf(stores, { after }, `SELECT title FROM ${table}`)
    return answers()
  }
  await runAt(standby.url, 'SELECT pg_wal_replay_pause()')
  orThrow(await stores.postgres.query('CREATE TABLE first AS SELECT 1 AS title'))
  expect(await readNew('first')).toEqual(['primary: failed'])
  await runAt(standby.url, 'SELECT pg_wal_replay_resume()')
  await eventually(async () => expect(await readNew('first')).toEqual(['replica 0']), {
    timeoutMs: patientMs,
  })
  await standby.catchUp()
  await runAt(standby.url, 'SELECT pg_wal_replay_pause()')
  orThrow(await stores.postgres.query('CREATE TABLE second AS SELECT 2 AS title'))
  expect(await readNew('second')).toEqual(['primary: lagging'])
})

test('A replica that was behind is read in one round trip once a look finds that it keeps up', async () => {
  const { stores, answers } = await open({ replicaLookEveryMs: 500, replicaPatienceMs: 1_500 })
  await runAt(standby.url, 'SELECT pg_wal_replay_pause()')
  orThrow(await stores.postgres.query("UPDATE course SET title = 'Algebra'"))
  const after = orThrow(await stores.postgres.position())
  await titleOf(stores, { after })
  expect(answers()).toEqual([expect.stringMatching(/^primary/)])
  await runAt(standby.url, 'SELECT pg_wal_replay_resume()')
  const read = async () => () => titleOf(stores, { after })
  await eventually(
    async () => expect(await leastRoundTrips({ replica: link }, read)).toEqual({ replica: 1 }),
    { timeoutMs: patientMs },
  )
})

test('A lost connection to a replica is no error of the primary', async () => {
  const { stores } = await open()
  const errors: unknown[] = []
  stores.diagnostics.on('store:error', ({ store }) => errors.push(store))
  stores.diagnostics.on('replica:error', ({ replica }) => errors.push(replica))
  await runAt(
    standby.url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  )
  await eventually(() => expect(errors).toContain(0), { timeoutMs: patientMs })
  expect(errors).not.toContain('postgres')
})

test('A replica that was promoted since the last look answers no more', async () => {
  const promoted = await startPostgresStandby(primary)
  const { stores, answers, after } = await open({
    replicas: [{ url: promoted.url }],
    replicaPatienceMs: 2_000,
  })
  await promoted.promote()
  await runAt(promoted.url, "UPDATE course SET title = 'Botany'")
  expect(await titleOf(stores, { after })).toBe('Algebra')
  expect(answers()).toEqual([expect.stringMatching(/^primary/)])
  orThrow(await stores.close())
  await promoted.stop()
})

test('Stores close while a replica hangs', async () => {
  const { stores } = await open({ replicaLookEveryMs: 50 })
  link.hang()
  await setTimeout(200)
  expect((await stores.close({ deadlineMs: 30_000 })).isOk()).toBe(true)
})

test('Stores that close let the primary answer what a replica that hangs has begun', async () => {
  const { stores, answers, after } = await open({ statementTimeoutMs: 0 })
  const title = titleOf(stores, { after }, 'SELECT title FROM course, pg_sleep(2)')
  const asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
  await eventually(async () => expect(await runAt(standby.url, asleep)).toEqual([1]), {
    timeoutMs: patientMs,
  })
  await setTimeout(200)
  link.hang()
  expect((await stores.close({ deadlineMs: 30_000 })).isOk()).toBe(true)
  expect(await title).toBe('Algebra')
  expect(answers()).toEqual(['primary: down'])
})

test('A replica whose first look fails is soon looked at again, however rare looks are', async () => {
  link.hang()
  const own = await connectReplicas({
    url: primary.url,
    replicas: [{ url: link.url }],
    replicaLookEveryMs: 3_600_000,
  })
  opened.push(own.stores)
  const after = orThrow(await own.stores.postgres.position())
  await titleOf(own.stores, { after })
  expect(own.answers()).toEqual(['primary: down'])
  link.restore()
  await own.untilState('usable')
  await titleOf(own.stores, { after })
  expect(own.answers()).toEqual(['replica 0'])
})

test('A replica without a free connection is not taken for one that is down', async () => {
  const pool = new pg.Pool({ connectionString: standby.url, max: 1 })
  const { stores, answers, after } = await open({
    replicas: [{ pool }],
    connectTimeoutMs: 2_000,
    replicaPatienceMs: 20_000,
  })
  const held = await pool.connect()
  await titleOf(stores, { after })
  held.release()
  await titleOf(stores, { after })
  expect(answers()).toEqual(['primary: busy', 'replica 0'])
  orThrow(await stores.close())
  await pool.end()
})

test('A replica without a free connection leaves the read to another one', async () => {
  const pool = new pg.Pool({ connectionString: standby.url, max: 1 })
  const held = await pool.connect()
  const { stores, answers, after } = await open({
    replicas: [{ pool }, { url: link.url }],
    replicaPatienceMs: 6_000,
  })
  for (let turn = 0; turn < 2; turn += 1) await titleOf(stores, { after })
  expect(answers()).toEqual(['replica 1', 'replica 1'])
  held.release()
  orThrow(await stores.close())
  await pool.end()
})
