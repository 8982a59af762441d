import { err, isMissingTable, ok } from '@headwater/core'
import type { Failure, PostgresStore, Result, ResultAsync, SqlError } from '@headwater/core'
import type { AuditEntry } from '../contract/screens.ts'
import type { Deed } from '../action.ts'
import { isOutcomeUnknown } from '../bounded-postgres.ts'
import { insertAction, selectActions, updateOutcome } from './audit-queries.ts'

/** The audit can be neither read nor written, so nothing was done. */
export type AuditUnavailable = Failure<'audit-unavailable'>

/** Who does what. */
export interface AuditedAction {
  readonly operator: string
  readonly action: string
  readonly subject: unknown
}

/** Where the audit is. */
export interface AuditDeps {
  readonly acting: PostgresStore
  readonly reading: PostgresStore
}

/** The table of everything that operators did in the console. */
export class Audit {
  readonly #acting: PostgresStore
  readonly #reading: PostgresStore

  constructor({ acting, reading }: AuditDeps) {
    this.#acting = acting
    this.#reading = reading
  }

  /**
   * Does something once it is written down who does it, and adds how it ended. What cannot be
   * written down is not done; an outcome that cannot be written stays empty. Never rejects.
   */
  async around(
    { operator, action, subject }: AuditedAction,
    work: () => Promise<Result<Deed, Failure<string>>>,
  ): Promise<Result<Deed, Failure<string>>> {
    const values = [operator, action, JSON.stringify(subject)]
    const noted = await this.#acting.query<{ id: string }>(insertAction, values)
    if (noted.isErr())
      return err(unavailable('the audit cannot be written, so nothing was done', noted.error))
    const done = await attempted(work)
    const outcome = done.match((deed) => deed.outcome, failedOutcome)
    const ended = await this.#acting.query(updateOutcome, [noted.value.rows[0]?.id, outcome])
    return ended.orElse(() => ok(undefined)).andThen(() => done)
  }

  /** The newest entries first. */
  list(limit: number): ResultAsync<readonly AuditEntry[], SqlError | AuditUnavailable> {
    return this.#reading
      .query<Omit<AuditEntry, 'at'> & { readonly at: Date }>(selectActions, [limit])
      .map(({ rows }) => rows.map((row) => ({ ...row, at: row.at.getTime() })))
      .mapErr((error) =>
        isMissingTable(error) ? unavailable('the audit cannot be read', error) : error,
      )
  }
}

/** What the host hands in may throw. */
async function attempted(
  work: () => Promise<Result<Deed, Failure<string>>>,
): Promise<Result<Deed, Failure<string>>> {
  try {
    return await work()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return err({ type: 'action-failed', message, retryable: false })
  }
}

function failedOutcome(failure: Failure<string>): string {
  return isOutcomeUnknown(failure) ? failure.message : `failed: ${failure.message}`
}

function unavailable(what: string, error: SqlError): AuditUnavailable {
  const reason = isMissingTable(error)
    ? 'its table is missing: run migrate with consoleMigrations'
    : error.message
  return { type: 'audit-unavailable', message: `${what}: ${reason}`, retryable: error.retryable }
}
