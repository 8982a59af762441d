import { connect, FailureError, migrate, orThrow, type Stores } from '@headwater/core'
import { Client } from 'pg'
import { eventually, startPostgresServer, type PostgresServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { begin, type TransactionIdentity } from '../../src/transactions/begin.ts'
import { type CommitOutcome, findCommitOutcome } from '../../src/transactions/commit-outcome.ts'
import { transactionDefaults } from '../../src/transactions/transaction-options.ts'
import { type Pooler, startPooler } from '../stores/postgres/pooler-fixture.ts'
import { beginAs } from '../stores/postgres/begin-as-fixture.ts'

let server: PostgresServer
let other: PostgresServer
let pooler: Pooler
let stores: Stores

/** A server that assigns transaction ids to clients alone. */
const startServer = () => startPostgresServer({ settings: { autovacuum: 'off' } })

beforeAll(async () => {
  ;[server, other] = await Promise.all([startServer(), startServer()])
  pooler = await startPooler(server.url)
  stores = orThrow(
    await connect({
      postgres: { url: pooler.url, prepare: false, connectTimeoutMs: 10_000 },
      redis: { url: inject('stack').redis.url, keyPrefix: 'promotion:' },
    }),
  )
  orThrow(await migrate(stores))
})
afterAll(async () => {
  orThrow(await stores.close())
  await pooler.close()
  await Promise.all([server.stop(), other.stop()])
})

/** The identity of a transaction whose COMMIT was lost because its server went away. */
async function lostCommit(goAway: () => Promise<unknown>): Promise<TransactionIdentity> {
  await eventually(async () => orThrow(await stores.postgres.query('SELECT')))
  let lost: TransactionIdentity | undefined
  const isCutOff = stores.postgres.withConnection(async (connection) => {
    const { identity } = await begin(connection, transactionDefaults)
    lost = identity
    await goAway()
    await connection.query('COMMIT')
  })
  await expect(isCutOff).rejects.toThrow(FailureError)
  if (lost === undefined) throw new Error('the transaction did not begin')
  return lost
}

/** Kills a process of the server, which ends all others and recovers as from a crash. */
async function crashOneProcess(on: PostgresServer): Promise<void> {
  const client = new Client(on.url)
  client.on('error', () => undefined)
  await client.connect()
  const other = new Client(on.url)
  const areOthersEnded = new Promise((resolve) => other.on('error', resolve))
  await other.connect()
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  process.kill(rows[0]!.pid, 'SIGKILL')
  await areOthersEnded
  await eventually(async () => orThrow(await stores.postgres.query('SELECT')))
}

const untold = { recoveredAt: undefined }

/** The outcome, asked for until a server tells. */
async function outcomeOf(lost: TransactionIdentity): Promise<CommitOutcome> {
  return eventually(async () => {
    const outcome = await findCommitOutcome(stores, lost)
    expect(outcome).not.toBe('unknown')
    return outcome
  })
}

async function commitAs(on: PostgresServer, { transactionId }: TransactionIdentity): Promise<void> {
  const client = await beginAs(on, BigInt(transactionId))
  await client.query('COMMIT')
  await client.end()
}

test('A promoted standby, which assigns the same ids again, says nothing about an old transaction', async () => {
  const lost = await lostCommit(() => server.promote())
  await commitAs(server, lost)
  expect(await outcomeOf(lost)).toBe('other-server')
  expect(await outcomeOf({ ...lost, ...untold, timeline: undefined })).toBe('committed')
})

const crashes = [
  ['a crash of the server', () => server.kill().then(() => server.restart())],
  ['a crash of one of its processes', () => crashOneProcess(server)],
] as const
test.each(crashes)(
  'After %s, which assigns the same ids again, an old transaction is no other one',
  async (_, crash) => {
    const lost = await lostCommit(crash)
    expect(await outcomeOf(lost)).toBe('aborted')
    await commitAs(server, lost)
    expect(await outcomeOf(lost)).toBe('other-server')
    expect(await outcomeOf({ ...lost, ...untold })).toBe('committed')
  },
)

test('An open transaction is ended before its outcome is told, although statistics were reset', async () => {
  await stores.postgres.withConnection(async (connection) => {
    const { identity } = await begin(connection, transactionDefaults)
    orThrow(await stores.postgres.query("SELECT pg_stat_reset_shared('bgwriter')"))
    expect(await outcomeOf(identity)).toBe('aborted')
    await expect(connection.query('COMMIT')).rejects.toThrow(FailureError)
  })
})

test('After a restart in good order, the outcome of a transaction is known', async () => {
  const lost = await lostCommit(() => server.restart())
  expect(await outcomeOf(lost)).toBe('aborted')
})

test('Another system on the same timeline says nothing about a transaction', async () => {
  await pooler.moveTo(other.url)
  const lost = await lostCommit(() => other.kill())
  const third = await startServer()
  await commitAs(third, lost)
  await pooler.moveTo(third.url)
  expect(await outcomeOf(lost)).toBe('other-server')
  expect(await outcomeOf({ ...lost, ...untold, system: undefined })).toBe('committed')
  await pooler.moveTo(server.url)
  await third.stop()
})
