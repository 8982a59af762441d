import { ResultAsync } from '@headwater/core'
import { inMemoryVectorIndex } from '@headwater/search'
import type { VectorIndex, VectorIndexError, VectorRecord } from '@headwater/search'
import { indexOver } from '../catalogue-fixture.ts'
import { dimensions } from '../search-fixture.ts'

/** An index whose next upsert waits, and which remembers what was stored in which order. */
export class PausingIndex {
  readonly index: VectorIndex
  readonly titles: unknown[] = []
  #pause: Promise<void> | undefined
  #reached: () => void = () => undefined

  constructor(inner: VectorIndex = inMemoryVectorIndex({ dimensions })) {
    const upsert = (records: readonly VectorRecord[]): ResultAsync<void, VectorIndexError> => {
      const pause = this.#pause ?? Promise.resolve()
      this.#pause = undefined
      this.#reached()
      return ResultAsync.fromSafePromise(pause).andThen(() => {
        this.titles.push(...records.map(({ metadata }) => metadata['title']))
        return inner.upsert(records)
      })
    }
    this.index = indexOver(inner, upsert)
  }

  /** Holds the next upsert back; `reached` resolves when it has come. */
  pauseNext(): { reached: Promise<void>; resume: () => void } {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#pause = promise
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve
    })
    return {
      reached,
      resume: () => {
        resolve(undefined)
      },
    }
  }
}
