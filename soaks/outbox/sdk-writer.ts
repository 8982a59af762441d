import { setTimeout } from 'node:timers/promises'
import { err, ok, type Stores, transaction } from '@headwater/core'
import { change, drawAccounts, drawPauseMs, rollbackShare } from './writer.ts'

/** Writes with transactions of the SDK, which publish just before they commit. */
export class SdkWriter {
  readonly counts = { committed: 0, rolledBack: 0, failed: 0 }
  readonly #stores: Stores
  #isStopped = false

  constructor(stores: Stores) {
    this.#stores = stores
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#write()
      await setTimeout(drawPauseMs())
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
        for (const account of drawAccounts()) tx.publish(await change(tx, account))
        return isRollback ? err({ type: 'changed-my-mind' as const }) : ok(undefined)
      },
      { maxAttempts: 2 },
    )
    if (written.isOk()) this.counts.committed += 1
    else if (written.error.type === 'changed-my-mind') this.counts.rolledBack += 1
    else this.counts.failed += 1
  }
}
