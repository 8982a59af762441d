import { setTimeout } from 'node:timers/promises'
import { defineCache, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  leastRoundTrips,
  type PostgresServer,
  type PostgresStandby,
  startPostgresServer,
} from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  connectReplicas,
  patientMs,
  rename,
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
beforeEach(async () => {
  await runAt(primary.url, "UPDATE course SET title = 'Algebra'")
  await standby.catchUp()
})
afterEach(async () => {
  link.restore()
  await resumeReplay()
  await Promise.all(opened.splice(0).map((stores) => stores.close()))
})

type Options = Parameters<typeof connectReplicas>[0]

/** Replicas are looked at once, unless told otherwise. */
async function open(options: Options = {}): Promise<ReplicatedStores> {
  const own = await connectReplicas({
    url: primary.url,
    replicas: [{ url: link.url }],
    replicaLookEveryMs: 3_600_000,
    ...options,
  })
  opened.push(own.stores)
  return own
}

/** Makes the standby lag behind everything that is committed from now on. */
async function pauseReplay(): Promise<void> {
  await standby.catchUp()
  await runAt(standby.url, 'SELECT pg_wal_replay_pause()')
}

const resumeReplay = () => runAt(standby.url, 'SELECT pg_wal_replay_resume()')

const position = async (stores: Stores) => orThrow(await stores.postgres.position())

describe('A read after a position', () => {
  test('sees what was committed before the position was asked for, on the replica', async () => {
    const { stores, answers } = await open()
    for (let turn = 0; turn < 20; turn += 1) {
      await rename(stores, `Title ${turn}`)
      expect(await titleOf(stores, { after: await position(stores) })).toBe(`Title ${turn}`)
    }
    expect(new Set(answers())).toEqual(new Set(['replica 0']))
  })

  test('Control: the same read without the position returns the old row of a replica that lags', async () => {
    const { stores, answers } = await open()
    await pauseReplay()
    await rename(stores, 'Geometry')
    expect(await titleOf(stores, { maxLagMs: 600_000 })).toBe('Algebra')
    expect(answers()).toEqual(['replica 0'])
  })

  test('sees it also when the replica replays it while the read is under way', async () => {
    const { stores, answers } = await open()
    await pauseReplay()
    await rename(stores, 'Geometry')
    const after = await position(stores)
    const slow = 'SELECT title FROM course, pg_sleep(1)'
    const title = titleOf(stores, { after }, slow)
    await setTimeout(200)
    await resumeReplay()
    expect(await title).toBe('Geometry')
    expect(answers()).toEqual(['replica 0'])
  })

  test('Control: a check within the statement holds for a row that is older', async () => {
    const { stores } = await open()
    await pauseReplay()
    await rename(stores, 'Geometry')
    const [lsn] = await runAt(primary.url, 'SELECT pg_current_wal_flush_lsn()::text')
    const isReplayed = `pg_last_wal_replay_lsn() >= '${String(lsn)}'`
    const checked = `SELECT title, ${isReplayed} FROM course, pg_sleep(2)`
    const row = runAt(standby.url, checked)
    await setTimeout(500)
    await resumeReplay()
    expect(await row).toEqual(['Algebra', true])
  })

  test('asks the primary when the replica lags for longer than it is waited for', async () => {
    const { stores, answers } = await open({ replicaPatienceMs: 50 })
    await pauseReplay()
    await rename(stores, 'Geometry')
    expect(await titleOf(stores, { after: await position(stores) })).toBe('Geometry')
    expect(answers()).toEqual([expect.stringMatching(/^primary: (lagging|silent|busy)$/)])
  })

  test('does not ask a replica that was seen to lag', async () => {
    const { stores, answers, untilState } = await open({ replicaLookEveryMs: 50 })
    await pauseReplay()
    await rename(stores, 'Geometry')
    await untilState('lagging')
    expect(await titleOf(stores, { after: await position(stores) })).toBe('Geometry')
    expect(answers()).toEqual([expect.stringMatching(/^primary: (lagging|down)$/)])
  })

  test('costs one round trip of a replica that is fresh, and none of the primary', async () => {
    const proxied = await faultProxy(primary.url)
    const { stores } = await open({ url: proxied.url })
    const proxies = { primary: proxied, replica: link }
    const after = await position(stores)
    await standby.catchUp()
    const read = async () => () => titleOf(stores, { after })
    expect(await leastRoundTrips(proxies, read)).toEqual({ primary: 0, replica: 1 })
    const none = async () => () => titleOf(stores, {})
    expect(await leastRoundTrips(proxies, none)).toEqual({ primary: 1, replica: 0 })
    orThrow(await stores.close())
    await proxied.close()
  })

  test('is right on clients that cannot send statements together', async () => {
    class PlainClient extends pg.Client {
      static readonly Query = undefined
    }
    const pool = new pg.Pool({ connectionString: standby.url, Client: PlainClient })
    const { stores, answers } = await open({ replicas: [{ pool }] })
    await rename(stores, 'Geometry')
    expect(await titleOf(stores, { after: await position(stores) })).toBe('Geometry')
    expect(answers()).toEqual(['replica 0'])
    orThrow(await stores.close())
    await pool.end()
  })

  test('is refused by its field when the position is none, and asks no server', async () => {
    const { stores, answers } = await open()
    const failure = await stores.postgres.read('SELECT', [], { freshness: { after: 'x' } })
    expect(failure._unsafeUnwrapErr()).toMatchObject({
      type: 'invalid-input',
      field: 'freshness.after',
    })
    expect(answers()).toEqual([])
  })
})

describe('A read with a lag', () => {
  test('never misses what was committed longer ago, however far the replica is behind', async () => {
    const { stores, answers } = await open({ replicaLookEveryMs: 50, replicaPatienceMs: 50 })
    await pauseReplay()
    await rename(stores, 'Geometry')
    const maxLagMs = 500
    await setTimeout(maxLagMs)
    for (let turn = 0; turn < 10; turn += 1)
      expect(await titleOf(stores, { maxLagMs })).toBe('Geometry')
    expect(answers().every((answer) => answer.startsWith('primary'))).toBe(true)
  })

  test('is answered by the replica while it keeps up, and by the primary for a lag too small to know', async () => {
    const { stores, answers } = await open({ replicaLookEveryMs: 100 })
    await eventually(async () => {
      await titleOf(stores, { maxLagMs: 60_000 })
      expect(answers()).toEqual(['replica 0'])
    })
    expect(await titleOf(stores, { maxLagMs: 0 })).toBe('Algebra')
    expect(answers()).toEqual(['primary: lag-unknown'])
  })
})

describe('What is wrong with a replica is no failure of a read', () => {
  const looks = { replicaLookEveryMs: 50 }

  test('that is cut off, and it is used again when it is back', async () => {
    const { stores, answers, untilState } = await open(looks)
    await untilState('usable')
    link.cut()
    const after = await position(stores)
    expect(await titleOf(stores, { after })).toBe('Algebra')
    expect(answers()).toEqual(['primary: down'])
    link.restore()
    await eventually(
      async () => {
        await titleOf(stores, { after })
        expect(answers()).toEqual(['replica 0'])
      },
      { timeoutMs: patientMs },
    )
  })

  test('that hangs, and only one read waits for it', async () => {
    const { stores, answers } = await open({ replicaPatienceMs: 2_000 })
    const after = await position(stores)
    await eventually(async () => {
      await titleOf(stores, { after })
      expect(answers()).toEqual(['replica 0'])
    })
    link.hang()
    for (let turn = 0; turn < 3; turn += 1) await titleOf(stores, { after })
    expect(answers()).toEqual(['primary: silent', 'primary: down', 'primary: down'])
  })

  test('that hangs while the read is under way', async () => {
    const { stores, answers, untilState } = await open({ replicaLookEveryMs: 200 })
    await untilState('usable')
    const after = await position(stores)
    const title = titleOf(stores, { after }, 'SELECT title FROM course, pg_sleep(2)')
    await setTimeout(500)
    link.hang()
    expect(await title).toBe('Algebra')
    expect(answers()).toEqual(['primary: down'])
  })

  test('that is no standby', async () => {
    const { stores, answers, untilState } = await open({
      replicas: [{ url: primary.url }],
      ...looks,
    })
    await untilState('not-standby')
    expect(await titleOf(stores, { maxLagMs: 60_000 })).toBe('Algebra')
    expect(answers()).toEqual(['primary: not-standby'])
  })

  test('that belongs to another system', async () => {
    const other = await startPostgresServer()
    await runAt(other.url, "CREATE TABLE course AS SELECT 'Botany'::text AS title")
    const { stores, answers, untilState } = await open({ url: other.url, ...looks })
    await untilState('other-system')
    expect(await titleOf(stores, { after: await position(stores) })).toBe('Botany')
    expect(answers()).toEqual(['primary: other-system'])
    orThrow(await stores.close())
    await other.stop()
  })

  test('while another one answers', async () => {
    const replicas = [{ url: 'postgresql://127.0.0.1:1/none' }, { url: link.url }]
    const { stores, answers } = await open({ replicas })
    const after = await position(stores)
    for (let turn = 0; turn < 4; turn += 1) await titleOf(stores, { after })
    expect(new Set(answers())).toEqual(new Set(['replica 1']))
  })
})

test('A read writes nothing, whichever server answers', async () => {
  const { stores, answers } = await open({ maxConnections: 1 })
  const after = await position(stores)
  for (const freshness of [{ after }, {}]) {
    const failure = await stores.postgres.read("INSERT INTO course VALUES ('x')", [], { freshness })
    expect(failure._unsafeUnwrapErr()).toMatchObject({ type: 'store-refused', code: '25006' })
    expect(await titleOf(stores, freshness)).toBe('Algebra')
  }
  expect(answers()).toEqual([
    'primary: failed',
    'replica 0',
    'primary: no-bound',
    'primary: no-bound',
  ])
})

test('A loader reads from the primary, so that no cache is filled with what a replica has', async () => {
  const { stores, answers } = await open()
  const titles = defineCache<number, string>(stores, {
    name: 'title',
    ttlMs: 60_000,
    load: async (ids) => {
      const title = await titleOf(stores, { maxLagMs: 600_000 })
      return new Map(ids.map((id) => [id, title ?? '']))
    },
  })
  await pauseReplay()
  await rename(stores, 'Geometry')
  expect(orThrow(await titles.get(1))).toBe('Geometry')
  expect(answers()).toEqual(['primary: cache-load'])
})

test('Without replicas a read is one of the primary, and nothing is reported', async () => {
  const { stores, answers } = await open({ replicas: [] })
  expect(await titleOf(stores, { after: await position(stores) })).toBe('Algebra')
  expect(answers()).toEqual([])
})
