import { ResultAsync } from '@headwater/core'
import { inMemoryVectorIndex } from '@headwater/search'
import type { VectorIndex, VectorIndexError, VectorRecord } from '@headwater/search'
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
    this.index = {
      dimensions: inner.dimensions,
      upsert,
      query: (...given) => inner.query(...given),
      fetch: (...given) => inner.fetch(...given),
      updateMetadata: (...given) => inner.updateMetadata(...given),
      delete: (...given) => inner.delete(...given),
      list: (...given) => inner.list(...given),
      stats: (...given) => inner.stats(...given),
    }
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
