import { beginEmptySql, endBackendSql } from './backend-queries.ts'
import type { PostgresStore } from './postgres-store.ts'

/** Time that standbys have to confirm a commit, in milliseconds. */
const confirmMs = 1_500

/**
 * Finds out whether the synchronous standbys of PostgreSQL have what was committed, by a commit of
 * its own. Who asks while one is under way shares the next one.
 */
export class Standbys {
  readonly #postgres: PostgresStore
  #current: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined

  constructor(postgres: PostgresStore) {
    this.#postgres = postgres
  }

  /**
   * Whether they have everything that was committed before the call. `false` when they did not
   * confirm it in a second and a half. Never rejects.
   */
  haveEverything(): Promise<boolean> {
    if (this.#current === undefined) return this.#ask()
    this.#next ??= this.#current.then(() => this.#ask())
    return this.#next
  }

  #ask(): Promise<boolean> {
    this.#next = undefined
    const asked = this.#commit().finally(() => {
      this.#current = undefined
    })
    this.#current = asked
    return asked
  }

  async #commit(): Promise<boolean> {
    let begun: BegunRow | undefined
    try {
      await this.#postgres.withConnection(
        async (connection) => {
          const results = await connection.queryAll(beginEmptySql)
          begun = results.at(-1)?.rows[0] as BegunRow
          await connection.query('COMMIT')
        },
        { reserved: true, deadlineMs: confirmMs },
      )
      return true
    } catch {
      // The server lets it wait for the standbys for ever, though nobody waits for it any more.
      if (begun !== undefined) await this.#end(begun)
      return false
    }
  }

  async #end({ id, process }: BegunRow): Promise<void> {
    await this.#postgres
      .withConnection((connection) => connection.query(endBackendSql, [process, id]), {
        reserved: true,
      })
      .catch(() => undefined)
  }
}

interface BegunRow {
  readonly id: string
  readonly process: number
}
