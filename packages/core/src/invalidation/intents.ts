import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import { failureIn } from '../failure/failure-error.ts'
import { isMissingTable } from '../stores/postgres/missing-table.ts'
import {
  beginRemoval,
  deleteEnded,
  deleteIntents,
  insertEndedIntent,
  insertIntent,
  selectIntents,
  takeTurn,
} from './intent-queries.ts'

/** Keys that a writer is about to invalidate, written down before its commit. */
export interface Intent {
  /** The owner of the holds. */
  readonly id: string
  /** The texts of the keys. */
  readonly keys: readonly string[]
  /** Whether Redis has acknowledged the holds. */
  readonly isHeld: boolean
}

/** An intent as it was read. */
export interface FoundIntent extends Intent {
  /** Whether the writer's transaction is over, so that the keys may be deleted. */
  readonly hasEnded: boolean
  /** Whether it is older than the life of a hold, so that its writer will not remove it itself. */
  readonly isOld: boolean
}

/** Most intents that one read returns. */
export const maxIntents = 10_000

const removalDeadlineMs = 5 * 60_000

/**
 * The intents of all processes, in PostgreSQL. Every call runs on a reserved connection: it must
 * not wait for a pool full of transactions that wait for it.
 */
export class Intents {
  readonly #postgres: PostgresStore
  readonly #prefix: string

  /**
   * `prefix` precedes every key in Redis. Processes with the same prefix and the same schema share
   * one Redis, and see each other's intents.
   */
  constructor(postgres: PostgresStore, prefix: string) {
    this.#postgres = postgres
    this.#prefix = prefix
  }

  /**
   * Writes an intent, or replaces an earlier one of the same owner. Rejects with `FailureError`.
   */
  async write(intent: Intent, transactionId: string | undefined): Promise<void> {
    await this.#run(insertIntent, [
      intent.id,
      transactionId ?? null,
      this.#prefix,
      intent.keys,
      intent.isHeld,
    ])
  }

  /** Leaves the keys of a writer that has ended to the next process that reaches Redis. */
  async leave({ id, keys }: Pick<Intent, 'id' | 'keys'>): Promise<void> {
    await this.#run(insertEndedIntent, [id, this.#prefix, keys])
  }

  /** Removes intents whose keys are deleted. */
  async remove(ids: readonly string[]): Promise<void> {
    await this.#run(deleteIntents, [ids])
  }

  /**
   * Removes all intents whose transaction has ended and calls `settle` before anybody can see that.
   * Returns their number; `busy` while another process does so. When `settle` rejects, the intents
   * are still there.
   */
  removeEnded(oldAfterMs: number, settle: () => Promise<void>): Promise<number | 'busy'> {
    return this.#postgres.withConnection(
      async (connection) => {
        await connection.query(beginRemoval)
        const { rows } = await connection.query<{ isMine: boolean }>(takeTurn, [this.#prefix])
        const isMine = rows[0]?.isMine === true
        const removed = isMine
          ? await connection.query(deleteEnded, [oldAfterMs, this.#prefix])
          : undefined
        const count = removed?.rowCount ?? 0
        if (count > 0) await settle()
        await connection.query(count > 0 ? 'COMMIT' : 'ROLLBACK')
        return isMine ? count : 'busy'
      },
      { reserved: true, deadlineMs: removalDeadlineMs },
    )
  }

  /** Reads the intents, oldest first, at most {@link maxIntents}. */
  async read(oldAfterMs: number): Promise<readonly FoundIntent[]> {
    try {
      return await this.#run<FoundIntent>(selectIntents, [oldAfterMs, maxIntents, this.#prefix])
    } catch (error) {
      // Before the migrations have run there is no table, so there are no intents.
      const failure = failureIn(error)
      if (failure !== undefined && isMissingTable(failure)) return []
      throw error
    }
  }

  async #run<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.#postgres.withConnection(
      (connection) => connection.query<Row>(text, values),
      { reserved: true },
    )
    return rows
  }
}
