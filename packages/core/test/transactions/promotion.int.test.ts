import { connect, FailureError, migrate, orThrow, type Stores } from '@headwater/core'
import { startPostgresServer, type PostgresServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { begin, type TransactionIdentity } from '../../src/transactions/begin.ts'
import { findCommitOutcome } from '../../src/transactions/commit-outcome.ts'
import { transactionDefaults } from '../../src/transactions/transaction-options.ts'

let server: PostgresServer
let stores: Stores

beforeAll(async () => {
  server = await startPostgresServer()
  stores = orThrow(
    await connect({
      postgres: { url: server.url },
      redis: { url: inject('stack').redis.url, keyPrefix: 'promotion:' },
    }),
  )
  orThrow(await migrate(stores))
})
afterAll(async () => {
  orThrow(await stores.close())
  await server.stop()
})

async function transactionId(): Promise<bigint> {
  const { rows } = await stores.postgres.client.query<{ xid: string }>(
    'SELECT pg_current_xact_id()::text AS xid',
  )
  return BigInt(rows[0]?.xid ?? 0)
}

test('A promoted standby, which assigns the same ids again, says nothing about an old transaction', async () => {
  let lost: TransactionIdentity | undefined
  const isCutOff = stores.postgres.withConnection(async (connection) => {
    const { identity } = await begin(connection, transactionDefaults)
    lost = identity
    await server.promote()
    await connection.query('COMMIT')
  })
  await expect(isCutOff).rejects.toThrow(FailureError)
  if (lost === undefined) throw new Error('the transaction did not begin')
  while ((await transactionId()) <= BigInt(lost.transactionId));
  expect(await findCommitOutcome(stores, lost)).toBe('other-server')
  expect(await findCommitOutcome(stores, { ...lost, timeline: undefined })).toBe('committed')
})
