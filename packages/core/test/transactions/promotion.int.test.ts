import { connect, FailureError, migrate, orThrow, type Stores } from '@headwater/core'
import { startPostgresServer, type PostgresServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { begin, type TransactionIdentity } from '../../src/transactions/begin.ts'
import { findCommitOutcome } from '../../src/transactions/commit-outcome.ts'
import { transactionDefaults } from '../../src/transactions/transaction-options.ts'
import { type Pooler, startPooler } from '../stores/postgres/pooler-fixture.ts'
import { beginAs } from '../stores/postgres/begin-as-fixture.ts'

let server: PostgresServer
let other: PostgresServer
let pooler: Pooler
let stores: Stores

beforeAll(async () => {
  ;[server, other] = await Promise.all([startPostgresServer(), startPostgresServer()])
  pooler = await startPooler(server.url)
  stores = orThrow(
    await connect({
      postgres: { url: pooler.url, prepare: false },
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

async function commitAs(on: PostgresServer, { transactionId }: TransactionIdentity): Promise<void> {
  const client = await beginAs(on, BigInt(transactionId))
  await client.query('COMMIT')
  await client.end()
}

test('A promoted standby, which assigns the same ids again, says nothing about an old transaction', async () => {
  const lost = await lostCommit(() => server.promote())
  await commitAs(server, lost)
  expect(await findCommitOutcome(stores, lost)).toBe('other-server')
  expect(await findCommitOutcome(stores, { ...lost, timeline: undefined })).toBe('committed')
})

test('Another system on the same timeline says nothing about a transaction', async () => {
  await pooler.moveTo(other.url)
  const lost = await lostCommit(() => other.kill())
  const third = await startPostgresServer()
  await commitAs(third, lost)
  await pooler.moveTo(third.url)
  expect(await findCommitOutcome(stores, lost)).toBe('other-server')
  expect(await findCommitOutcome(stores, { ...lost, system: undefined })).toBe('committed')
  await pooler.moveTo(server.url)
  await third.stop()
})
