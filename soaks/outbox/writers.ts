import type { Stores } from '@headwater/core'
import { HandWriter } from './hand-writer.ts'
import { SdkWriter } from './sdk-writer.ts'
import type { WriterCounts } from './writer.ts'

/** The database that writers write to. */
export interface WriterSurroundings {
  readonly postgresUrl: string
  readonly stores: Stores
}

const slow = 2
const sdk = 4
const all = 12

/** Twelve writers: two slow ones, four with transactions of the SDK, the others with their own. */
export class Writers {
  readonly #writers: readonly (HandWriter | SdkWriter)[]
  readonly #running: Promise<unknown>

  constructor({ postgresUrl, stores }: WriterSurroundings) {
    this.#writers = Array.from({ length: all }, (_, index) => {
      if (index < slow) return new HandWriter(postgresUrl, { isSlow: true })
      return index < slow + sdk
        ? new SdkWriter(stores)
        : new HandWriter(postgresUrl, { isSlow: false })
    })
    this.#running = Promise.all(this.#writers.map((writer) => writer.run()))
  }

  /** Lets each writer finish its transaction and returns the outcomes. */
  async stop(): Promise<WriterCounts> {
    for (const writer of this.#writers) writer.stop()
    await this.#running
    const sum = (count: keyof WriterCounts): number =>
      this.#writers.reduce((total, { counts }) => total + counts[count], 0)
    return { committed: sum('committed'), rolledBack: sum('rolledBack'), failed: sum('failed') }
  }
}
