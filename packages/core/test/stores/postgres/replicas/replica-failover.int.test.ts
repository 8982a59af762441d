import { orThrow } from '@headwater/core'
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
import {
  connectReplicas,
  patientMs,
  rename,
  type ReplicatedStores,
  runAt,
  titleOf,
} from './replicas-fixture.ts'

let first: PostgresServer
let successor: PostgresStandby
let follower: PostgresStandby
let leftBehind: PostgresStandby
/** Where the primary is reached. */
let address: FaultProxy
/** Where the follower finds what it follows. */
let upstream: FaultProxy
let own: ReplicatedStores

beforeAll(async () => {
  first = await startPostgresServer()
  await runAt(first.url, "CREATE TABLE course AS SELECT 'Algebra'::text AS title")
  address = await faultProxy(first.url)
  upstream = await faultProxy(first.url)
  successor = await startPostgresStandby(first)
  follower = await startPostgresStandby(first, { primaryUrl: upstream.url })
  leftBehind = await startPostgresStandby(first)
  own = await connectReplicas({
    url: address.url,
    replicas: [{ url: follower.url }, { url: leftBehind.url }],
    replicaLookEveryMs: 100,
  })
})
afterAll(async () => {
  orThrow(await own.stores.close())
  await Promise.all([address.close(), upstream.close()])
  for (const server of [leftBehind, follower, successor, first]) await server.stop()
})

const position = async () => orThrow(await own.stores.postgres.position())

/** Reads until the expected server answers, and returns what that one said. */
async function answerOf(server: string, after: string): Promise<string | undefined> {
  let title: string | undefined
  await eventually(
    async () => {
      title = await titleOf(own.stores, { after })
      expect(own.answers()).toEqual([server])
    },
    { timeoutMs: patientMs },
  )
  return title
}

/** The old primary goes on afterwards, and so do what follows it and the clients it has. */
async function failOver(): Promise<void> {
  await Promise.all([successor.catchUp(), follower.catchUp()])
  upstream.hang()
  await successor.promote()
  address.moveTo(successor.url)
  await eventually(async () => orThrow(await own.stores.postgres.query('SELECT')), {
    timeoutMs: patientMs,
  })
}

test('After a failover only replicas of the new primary answer, and positions of the lost one are void', async () => {
  const { stores } = own
  const lost = await position()
  expect(await answerOf('replica 0', lost)).toBe('Algebra')
  await failOver()
  await rename(stores, 'Geometry')
  const after = await position()
  // The log that was left behind is soon longer than the new one.
  await runAt(first.url, 'CREATE TABLE filler AS SELECT generate_series(1, 100000) AS id')
  await leftBehind.catchUp()
  for (let turn = 0; turn < 10; turn += 1) expect(await titleOf(stores, { after })).toBe('Geometry')
  expect(own.answers().filter((answer) => answer.startsWith('replica'))).toEqual([])
  await own.untilState('other-timeline')
  expect(await answerOf('primary: other-history', lost)).toBe('Geometry')
  upstream.moveTo(successor.url)
  upstream.restore()
  expect(await answerOf('replica 0', after)).toBe('Geometry')
})

test('Control: a place in the log alone says that the replica that was left behind has the commit', async () => {
  const [lsn] = await runAt(successor.url, 'SELECT pg_current_wal_lsn()::text')
  const replayed = `SELECT title, pg_last_wal_replay_lsn() >= '${String(lsn)}' FROM course`
  expect(await runAt(leftBehind.url, replayed)).toEqual(['Algebra', true])
})
