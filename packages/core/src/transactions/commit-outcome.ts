import { setTimeout } from 'node:timers/promises'
import type { Stores } from '../connect/stores.ts'
import type { KeyChange } from '../invalidation/key-change.ts'
import { within } from '../resilience/within.ts'
import { endBackendSql } from '../stores/postgres/backend-queries.ts'
import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import type { TransactionIdentity } from './begin.ts'
import { statusSql } from './transaction-queries.ts'

/**
 * The outcome of a transaction whose connection was lost during COMMIT. `other-server`: the server
 * that answers now, another one or one that has recovered from a crash, cannot know it, and the
 * transaction is not open any more.
 */
export type KnownOutcome = 'committed' | 'aborted' | 'other-server'

/**
 * The outcome as far as it is known. `unreplicated`: the server has committed it, but does not have
 * the word of the standbys that it waits for, so that a failover may lose it.
 */
export type CommitOutcome = KnownOutcome | 'unreplicated' | 'unknown'

/** Time for which the caller waits for the outcome, in milliseconds. */
const askForMs = 2_000
/** Time for which the outcome is asked for after `commit-unknown`, in milliseconds. */
const keepAskingForMs = 600_000
const pauseMs = 50

/**
 * Asks another connection until it knows the outcome, for about two seconds. A backend that still
 * has the transaction open did not get the COMMIT, or has not finished it: it is ended, which
 * decides the outcome. One that waits for a standby then counts as committed all the same, which
 * holds only once the standby has it.
 */
export async function findCommitOutcome(
  stores: Stores,
  identity: TransactionIdentity,
): Promise<CommitOutcome> {
  const endsAt = stores.clock.monotonic() + askForMs
  for (;;) {
    const leftMs = (): number => endsAt - stores.clock.monotonic()
    const asked = await stores.postgres
      .withConnection((connection) => askOutcome(connection, identity), { reserved: true })
      .catch(() => 'unknown' as const)
    const outcome =
      asked === 'unreplicated' && (await haveStandbys(stores, leftMs())) ? 'committed' : asked
    if (isKnown(outcome)) return outcome
    if (leftMs() < pauseMs || stores.isClosing) return outcome
    await setTimeout(pauseMs)
  }
}

function isKnown(outcome: CommitOutcome): outcome is KnownOutcome {
  return outcome !== 'unknown' && outcome !== 'unreplicated'
}

function haveStandbys({ standbys }: Stores, waitMs: number): Promise<boolean> {
  return within(standbys.haveEverything(), Math.max(0, waitMs), () => false)
}

/**
 * Keeps the holds alive until the outcome is known, then releases them. Never rejects. When it
 * gives up, the holds expire.
 */
export async function settleUnknownCommit(
  stores: Stores,
  identity: TransactionIdentity,
  change: KeyChange,
): Promise<void> {
  const endsAt = stores.clock.monotonic() + keepAskingForMs
  while (stores.clock.monotonic() < endsAt && !stores.isClosing) {
    await change
      .hold(async () => identity.transactionId)
      .catch((error: unknown) => {
        stores.diagnostics.emit('invalidation:failed', { keys: 0, error })
      })
    if (isKnown(await findCommitOutcome(stores, identity))) return change.release()
  }
}

async function askOutcome(
  connection: PostgresConnection,
  { transactionId, processId, timeline, system, recoveredAt }: TransactionIdentity,
): Promise<CommitOutcome> {
  const { rows } = await connection.query<StatusRow>(statusSql(connection.history.expressions), [
    transactionId,
    timeline ?? null,
    system ?? null,
    recoveredAt ?? null,
  ])
  const { is_same: isSame, has_recovered: hasRecovered, status, ...server } = rows[0] as StatusRow
  if (!isSame) return 'other-server'
  if (status === 'aborted') return 'aborted'
  // It may be another transaction that got the id after the recovery.
  if (status === 'committed' && hasRecovered) return 'other-server'
  if (status === 'committed')
    return server.waits_for_standbys === true ? 'unreplicated' : 'committed'
  const { rows: ended } = await connection.query(endBackendSql, [processId, transactionId])
  // What was committed before a crash is known after it, and its id is not assigned again.
  return hasRecovered && status === null && ended.length === 0 ? 'aborted' : 'unknown'
}

interface StatusRow {
  readonly is_same: boolean
  readonly has_recovered: boolean
  /** NULL where a server does not know the settings. */
  readonly waits_for_standbys: boolean | null
  readonly status: string | null
}
