import { setTimeout } from 'node:timers/promises'
import type { Stores } from '../connect/stores.ts'
import { failureIn } from '../failure/failure-error.ts'
import type { SqlError } from '../errors.ts'
import type { PostgresConnection, PostgresStore } from '../stores/postgres/postgres-store.ts'
import { type LoadedSet, pendingFiles, stepsOf } from './apply-migrations.ts'
import { stoppedBy } from './migration-failed.ts'
import { insertHistory, limitLockWait } from './migration-queries.ts'
import type { MigrationFile } from './migration-set.ts'
import type { BuildIndex, ChangeInBatches, OnlineStep } from './online-file.ts'
import {
  awaitBuilders,
  beginOnlineLock,
  dropIndex,
  selectBatch,
  selectIndex,
  selectRows,
  takeAllTime,
  takeOnlineLock,
  tryOnlineLock,
} from './online-queries.ts'

/** A file that is applied while its tables are written, and what that depends on. */
export interface OnlineRun {
  readonly set: LoadedSet
  readonly file: MigrationFile
  readonly postgres: Pick<PostgresStore, 'withConnection'>
  readonly stores: Pick<Stores, 'clock' | 'diagnostics'>
  /** Time to wait for another process that applies one, in milliseconds. */
  readonly waitMs: number
}

/** Keys of rows that are changed together. */
interface Batch {
  readonly first: string
  readonly last: string
}

/** The lowest whole number that PostgreSQL has. */
const beforeAll = String(-(2n ** 63n))

/** Times that a batch which met a deadlock is run again. */
const maxRetries = 10

/** Time between two looks for the lock, in milliseconds. */
const lookEveryMs = 100

/**
 * Applies a file step by step, each in a transaction of its own. Tables stay readable and writable.
 * One process at a time does so; returns whether it was this one. After a crash the next run begins
 * with the first step again: an index that is whole stays, one that is not is built anew. Takes two
 * connections, one of which holds the lock.
 */
export function applyOnline(run: OnlineRun): Promise<boolean> {
  return run.postgres.withConnection(
    async (holder) => {
      await lock(holder, run)
      try {
        return await run.postgres.withConnection((worker) => applyPending(worker, run), {
          deadlineMs: Infinity,
        })
      } finally {
        holder.close()
      }
    },
    { deadlineMs: Infinity, reserved: true },
  )
}

/**
 * A process that waited within PostgreSQL would hold a snapshot, and every index that is being
 * built waits for those.
 */
async function lock(holder: PostgresConnection, { stores: { clock }, waitMs }: OnlineRun) {
  const untilMs = clock.monotonic() + waitMs
  await holder.query(beginOnlineLock)
  for (;;) {
    const { rows } = await holder.query<{ isTaken: boolean }>(tryOnlineLock)
    if (rows[0]?.isTaken === true) return
    if (clock.monotonic() >= untilMs) break
    await setTimeout(lookEveryMs)
  }
  // Fails as waiting for another process does anywhere else.
  await holder.query(limitLockWait(1))
  await holder.query(takeOnlineLock)
}

async function applyPending(worker: PostgresConnection, run: OnlineRun): Promise<boolean> {
  const { set, file } = run
  const pending = await pendingFiles(worker, set)
  if (!pending.some(({ name }) => name === file.name)) return false
  await applySteps(worker, stepsOf(set.name, file), run)
  return true
}

async function applySteps(
  worker: PostgresConnection,
  steps: readonly OnlineStep[],
  run: OnlineRun,
): Promise<void> {
  const { set, file } = run
  try {
    await worker.query(takeAllTime)
    for (const step of steps) await tellAndApply(worker, step, run)
    await worker.query(insertHistory(set.name), [file.name, file.hash])
  } catch (error) {
    throw stoppedBy(error, set.name, file.name)
  } finally {
    // What was set for it must not reach the next user of the connection.
    worker.close()
  }
}

async function tellAndApply(worker: PostgresConnection, step: OnlineStep, run: OnlineRun) {
  const { clock, diagnostics } = run.stores
  const told = {
    file: `${run.set.name}/${run.file.name}`,
    step: step.kind,
    rows: await rowsOf(worker, step),
  }
  const startedMs = clock.monotonic()
  diagnostics.emit('migration:step', { ...told, state: 'begun', durationMs: 0 })
  await applyStep(worker, step)
  const durationMs = clock.monotonic() - startedMs
  diagnostics.emit('migration:step', { ...told, state: 'done', durationMs })
}

/** About how many rows a step goes through. */
export async function rowsOf(connection: PostgresConnection, step: OnlineStep): Promise<number> {
  if (step.kind === 'drop-index') return 0
  const { rows } = await connection.query<{ rows: number }>(selectRows(step.table))
  return rows[0]?.rows ?? 0
}

async function applyStep(worker: PostgresConnection, step: OnlineStep): Promise<void> {
  if (step.kind === 'build-index') await buildIndex(worker, step)
  else if (step.kind === 'batches') await changeInBatches(worker, step)
  else await worker.query(step.text)
}

async function buildIndex(worker: PostgresConnection, step: BuildIndex): Promise<void> {
  await worker.query(awaitBuilders(step.table))
  const { rows } = await worker.query<{ isValid: boolean }>(selectIndex(step.index))
  if (rows[0]?.isValid === true) return
  if (rows[0] !== undefined) await worker.query(dropIndex(step.index))
  await worker.query(step.text)
}

async function changeInBatches(worker: PostgresConnection, step: ChangeInBatches): Promise<void> {
  let behind = beforeAll
  for (;;) {
    const { rows } = await worker.query<Record<keyof Batch, string | null>>(selectBatch(step), [
      behind,
    ])
    const { first = null, last = null } = rows[0] ?? {}
    if (first === null || last === null) return
    await changeBatch(worker, step.text, { first, last })
    behind = last
  }
}

async function changeBatch(
  worker: PostgresConnection,
  text: string,
  batch: Batch,
  attempt = 1,
): Promise<void> {
  try {
    await worker.query(text, [batch.first, batch.last])
  } catch (error) {
    const isDeadlock = failureIn<SqlError>(error)?.type === 'serialization-failed'
    if (!isDeadlock || attempt > maxRetries) throw error
    await setTimeout(Math.random() * lookEveryMs)
    await changeBatch(worker, text, batch, attempt + 1)
  }
}
