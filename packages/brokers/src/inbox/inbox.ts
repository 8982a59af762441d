import * as z from 'zod/mini'
import {
  checkOptions,
  err,
  ok,
  once as onFirstUse,
  option,
  ResultAsync,
  strictOptions,
} from '@headwater/core'
import type { AsyncResult, Result, SqlClient, SqlError, Stores } from '@headwater/core'
import {
  deleteOldAttempts,
  deleteOldEntries,
  insertEntry,
  waitForStandbys,
} from './inbox-queries.ts'

/** An event, as one consumer handles it. */
export interface InboxEntry {
  /** Names the consumer: the same event is handled once by each. Never change it. */
  readonly consumer: string
  /** The event's id. */
  readonly eventId: string
}

/** Options of {@link Inbox.purge}. */
export interface PurgeInboxOptions {
  /** The consumer whose entries are deleted; those of others have an age of their own. */
  readonly consumer: string
  /**
   * Age from which entries may be deleted, in milliseconds. A message that a broker delivers again
   * after that is handled again: keep them for longer than your brokers keep messages.
   *
   * @defaultValue `604_800_000`, seven days
   */
  readonly retentionMs?: number
}

/** The defaults of {@link PurgeInboxOptions}. */
export const inboxDefaults = {
  retentionMs: 7 * 24 * 60 * 60_000,
} as const satisfies Omit<Required<PurgeInboxOptions>, 'consumer'>

/** What was handled, in the table `inbox` of the consumer's own database. */
export interface Inbox {
  /**
   * Runs `work` unless this consumer has handled the event, and notes it in the same transaction:
   * both are committed or neither is. Where another transaction handles the event at this moment,
   * it waits for its end. One statement.
   *
   * @param tx - what `transaction` hands to its work; its statements may say `@schema.`
   * @returns `handled`, `duplicate`, or what `work` failed with: roll back then
   */
  once<E = never>(
    tx: SqlClient,
    entry: InboxEntry,
    work: () => AsyncResult<unknown, E>,
  ): ResultAsync<'handled' | 'duplicate', E>
  /**
   * Deletes the old entries of a consumer, at most 5,000 with each statement, and returns their
   * number. A consumption does so by itself.
   *
   * @throws InvalidOptions when an option breaks a rule.
   */
  purge(stores: Pick<Stores, 'postgres'>, options: PurgeInboxOptions): ResultAsync<number, SqlError>
}

/** The inbox of consumers: {@link Inbox.once} for those of your own, whatever the broker. */
export const inbox: Inbox = {
  once: (tx, entry, work) => new ResultAsync(handleOnce(tx, entry, work)),
  purge: (stores, options) => {
    const settings = { ...inboxDefaults, ...checkOptions('inbox.purge', purgeSchema(), options) }
    return new ResultAsync(purge(stores, settings))
  },
}

async function handleOnce<E>(
  tx: SqlClient,
  { consumer, eventId }: InboxEntry,
  work: () => AsyncResult<unknown, E>,
): Promise<Result<'handled' | 'duplicate', E>> {
  const { rows } = await tx.query(insertEntry, [consumer, eventId])
  if (rows.length === 0) {
    await tx.query(waitForStandbys)
    return ok('duplicate')
  }
  const result = await work()
  return result.map(() => 'handled' as const)
}

const rowsPerStatement = 5_000

async function purge(
  { postgres }: Pick<Stores, 'postgres'>,
  { consumer, retentionMs }: Required<PurgeInboxOptions>,
): Promise<Result<number, SqlError>> {
  const attempts = await postgres.query(deleteOldAttempts, [consumer, retentionMs])
  if (attempts.isErr()) return err(attempts.error)
  for (let purged = 0; ;) {
    const values = [consumer, retentionMs, rowsPerStatement]
    const result = await postgres.query(deleteOldEntries, values)
    if (result.isErr()) return err(result.error)
    const count = result.value.rowCount ?? 0
    purged += count
    if (count < rowsPerStatement) return ok(purged)
  }
}

const purgeSchema = onFirstUse(() =>
  strictOptions<PurgeInboxOptions>({
    consumer: option.text(),
    retentionMs: z.optional(option.durationMs()),
  }),
)
