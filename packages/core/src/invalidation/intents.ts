import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import { FailureError } from '../failure-error.ts'

/** What a writer was about to invalidate. */
export interface Intent {
  /** The owner of the holds. */
  readonly id: string
  /** The texts of the keys. */
  readonly keys: readonly string[]
  /** Whether Redis had acknowledged the holds. */
  readonly isHeld: boolean
}

/** An intent as it was found. */
export interface FoundIntent extends Intent {
  /** Whether the writer's transaction is over, so that the keys may be deleted. */
  readonly hasEnded: boolean
  /** Whether it is older than a hold lives, so that its writer is not about to remove it. */
  readonly isOld: boolean
}

/** How many intents are looked at together. */
export const maxIntents = 200

/**
 * The intents of all processes, in PostgreSQL. Every call runs on a reserved connection: it must
 * not wait for a pool that is full of transactions which wait for it.
 */
export class Intents {
  readonly #postgres: PostgresStore
  readonly #prefix: string

  /**
   * `prefix` stands in front of the keys; all processes that have the same one and the same schema
   * share one Redis.
   */
  constructor(postgres: PostgresStore, prefix: string) {
    this.#postgres = postgres
    this.#prefix = prefix
  }

  /**
   * Writes an intent down, over an earlier one of the same owner. Rejects with
   * {@link FailureError}.
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

  /**
   * Notes that the writer has ended, though Redis could not be told: anybody may delete the keys
   * from now on.
   */
  async end(id: string): Promise<void> {
    await this.#run('UPDATE @schema.invalidation_intent SET has_ended = true WHERE id = $1', [id])
  }

  /** Removes intents whose keys are deleted. */
  async remove(ids: readonly string[]): Promise<void> {
    await this.#run('DELETE FROM @schema.invalidation_intent WHERE id = ANY($1)', [ids])
  }

  /** Looks at the intents, oldest first, {@link maxIntents} at most. */
  async read(oldAfterMs: number): Promise<readonly FoundIntent[]> {
    try {
      return await this.#run<FoundIntent>(selectIntents, [oldAfterMs, maxIntents, this.#prefix])
    } catch (error) {
      // Before the migrations have run nobody can have written one.
      if (
        error instanceof FailureError &&
        error.failure.type === 'store-refused' &&
        error.failure.code === '42P01'
      )
        return []
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

const insertIntent = `
  INSERT INTO @schema.invalidation_intent (id, transaction, prefix, keys, is_held)
  VALUES ($1, $2::xid8, $3, $4, $5)
  ON CONFLICT (id) DO UPDATE SET transaction = excluded.transaction, keys = excluded.keys, is_held = excluded.is_held`

// A transaction id that this server has not given out yet comes from a restored dump; its writer is
// gone.
const selectIntents = `
  SELECT
    id,
    keys,
    is_held AS "isHeld",
    has_ended OR CASE
      WHEN transaction IS NULL THEN created_at < clock_timestamp() - interval '1 minute'
      WHEN transaction >= pg_snapshot_xmax(pg_current_snapshot()) THEN true
      ELSE pg_xact_status(transaction) IS DISTINCT FROM 'in progress'
    END AS "hasEnded",
    created_at < clock_timestamp() - $1 * interval '1 millisecond' AS "isOld"
  FROM @schema.invalidation_intent
  WHERE prefix = $3
  ORDER BY created_at
  LIMIT $2`
