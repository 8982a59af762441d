import { setTimeout } from 'node:timers/promises'
import { err, ok, type NewEvent, type Stores, transaction, type Transaction } from '@headwater/core'
import { changeOf } from './accounts.ts'
import type { Changes } from './changes.ts'
import { drawAccounts, drawPauseMs, rollbackShare } from './writer.ts'

const bulkPauseMs = 2_500

/**
 * Writes with transactions of the SDK, which publish just before they commit. A bulk writer changes
 * every account at once.
 */
export class SdkWriter {
  readonly counts = { committed: 0, rolledBack: 0, failed: 0 }
  /** Names of the changes of which the SDK said that they are committed. */
  readonly acknowledged: string[] = []
  readonly #stores: Stores
  readonly #changes: Changes
  readonly #isBulk: boolean
  #isStopped = false

  constructor(stores: Stores, changes: Changes, { isBulk }: { readonly isBulk: boolean }) {
    this.#stores = stores
    this.#changes = changes
    this.#isBulk = isBulk
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#write()
      await setTimeout(this.#isBulk ? bulkPauseMs : drawPauseMs())
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  async #write(): Promise<void> {
    const isRollback = Math.random() < rollbackShare
    const written = await transaction(
      this.#stores,
      async (tx) => {
        const events = await this.#change(tx)
        tx.publish(...events)
        return isRollback ? err({ type: 'changed-my-mind' as const }) : ok(events)
      },
      { maxAttempts: 2 },
    )
    if (written.isErr()) {
      this.counts[written.error.type === 'changed-my-mind' ? 'rolledBack' : 'failed'] += 1
      return
    }
    this.counts.committed += 1
    this.acknowledged.push(...written.value.map(({ payload }) => changeOf(payload).name))
  }

  async #change(tx: Transaction): Promise<NewEvent[]> {
    if (this.#isBulk) return this.#changes.all(tx)
    const events: NewEvent[] = []
    for (const account of drawAccounts()) events.push(await this.#changes.one(tx, account))
    return events
  }
}
