import type { Stores } from '@headwater/core'
import type { Changes } from './changes.ts'
import { HandWriter } from './hand-writer.ts'
import { SdkWriter } from './sdk-writer.ts'
import type { WriterCounts } from './writer.ts'

/** The database that writers write to. */
export interface WriterSurroundings {
  readonly postgresUrl: string
  readonly stores: Stores
  readonly changes: Changes
}

const [slow, sdk, quick] = [2, 4, 6]

/**
 * Thirteen writers: two slow ones, six quick ones, four with transactions of the SDK, and one with
 * large ones.
 */
export class Writers {
  readonly #hand: readonly HandWriter[]
  readonly #sdk: readonly SdkWriter[]
  readonly #running: Promise<unknown>

  constructor({ postgresUrl, stores, changes }: WriterSurroundings) {
    this.#hand = Array.from(
      { length: slow + quick },
      (_, index) => new HandWriter(postgresUrl, changes, { isSlow: index < slow }),
    )
    this.#sdk = Array.from(
      { length: sdk + 1 },
      (_, index) => new SdkWriter(stores, changes, { isBulk: index === sdk }),
    )
    this.#running = Promise.all(this.#all.map((writer) => writer.run()))
  }

  /** Names of the changes of which the SDK said that they are committed. */
  get acknowledged(): readonly string[] {
    return this.#sdk.flatMap(({ acknowledged }) => acknowledged)
  }

  /** Lets each writer finish its transaction and returns the outcomes. */
  async stop(): Promise<WriterCounts> {
    for (const writer of this.#all) writer.stop()
    await this.#running
    const sum = (count: keyof WriterCounts): number =>
      this.#all.reduce((total, { counts }) => total + counts[count], 0)
    return { committed: sum('committed'), rolledBack: sum('rolledBack'), failed: sum('failed') }
  }

  get #all(): readonly (HandWriter | SdkWriter)[] {
    return [...this.#hand, ...this.#sdk]
  }
}
