import { setTimeout } from 'node:timers/promises'
import type { KeyChange } from '../invalidation/key-change.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { Stores } from '../connect/stores.ts'
import type { TransactionIdentity } from './begin.ts'

/** What became of a transaction whose connection was lost during COMMIT. */
export type CommitOutcome = 'committed' | 'aborted' | 'unknown'

/** How long the caller waits for the outcome, in milliseconds. */
const askForMs = 2_000
/**
 * How long the outcome is asked for after the caller was told `commit-unknown`, in milliseconds.
 */
const keepAskingForMs = 600_000
const pauseMs = 50

/**
 * Asks another connection until it knows the outcome, for two seconds at most. A backend that still
 * has the transaction open did not get the COMMIT, or is not done with it: it is ended, which
 * decides the matter either way.
 */
export async function findCommitOutcome(
  stores: Stores,
  identity: TransactionIdentity,
  forMs: number = askForMs,
): Promise<CommitOutcome> {
  const until = stores.clock.monotonic() + forMs
  for (;;) {
    const status = await stores.postgres
      .withConnection((connection) => askStatus(connection, identity), { reserved: true })
      .catch(() => 'unreachable')
    if (status === 'committed' || status === 'aborted') return status
    if (stores.clock.monotonic() + pauseMs > until || stores.isClosing) return 'unknown'
    await setTimeout(pauseMs)
  }
}

/**
 * Goes on asking after the caller was told, keeps the holds alive meanwhile and releases them when
 * the outcome is known. Never rejects. When it gives up the holds expire.
 */
export async function settleUnknownCommit(
  stores: Stores,
  identity: TransactionIdentity,
  change: KeyChange,
): Promise<void> {
  const until = stores.clock.monotonic() + keepAskingForMs
  while (stores.clock.monotonic() < until && !stores.isClosing) {
    await change
      .hold(async () => identity.transactionId)
      .catch((error: unknown) => {
        stores.diagnostics.emit('invalidation:failed', { keys: 0, error })
      })
    if ((await findCommitOutcome(stores, identity)) !== 'unknown') return change.release()
  }
}

async function askStatus(
  connection: SqlClient,
  { transactionId, processId }: TransactionIdentity,
): Promise<string> {
  const { rows } = await connection.query<{ status: string | null }>(
    'SELECT pg_xact_status($1::xid8) AS status',
    [transactionId],
  )
  const status = rows[0]?.status ?? 'unreachable'
  if (status === 'in progress') await connection.query(endBackend, [processId, transactionId])
  return status
}

const endBackend = `
  SELECT pg_terminate_backend(pid)
  FROM pg_stat_activity
  WHERE pid = $1 AND backend_xid::text = ($2::numeric % 4294967296)::text`
