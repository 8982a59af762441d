import { orThrow } from '@headwater/core'
import type {
  VectorFilter,
  VectorIndex,
  VectorMatch,
  VectorMetadata,
  VectorRecord,
} from '@headwater/search'

/** The index under test, created for one test. */
export interface VectorIndexUnderTest {
  /** An empty index of at least three dimensions. */
  readonly index: VectorIndex
  /**
   * Resolves once every acknowledged write is visible to reads.
   *
   * @defaultValue nothing to wait for
   */
  readonly settle?: () => Promise<void>
  /** Frees the index's resources. */
  readonly dispose: () => Promise<void>
}

/** The operations of the tests on the current index. */
export class VectorIndexBench {
  readonly #subject: () => VectorIndexUnderTest

  constructor(subject: () => VectorIndexUnderTest) {
    this.#subject = subject
  }

  get index(): VectorIndex {
    return this.#subject().index
  }

  /** A vector at this angle from the first axis, in the plane of the first two. */
  at(degrees: number): number[] {
    const radians = (degrees * Math.PI) / 180
    return [
      Math.cos(radians),
      Math.sin(radians),
      ...new Array<number>(this.index.dimensions - 2).fill(0),
    ]
  }

  record(id: string, degrees: number, metadata: VectorMetadata = {}): VectorRecord {
    return { id, values: this.at(degrees), metadata }
  }

  async settle(): Promise<void> {
    await this.#subject().settle?.()
  }

  async store(...records: VectorRecord[]): Promise<void> {
    orThrow(await this.index.upsert(records))
    await this.settle()
  }

  async near(
    degrees: number,
    options: { topK?: number; filter?: VectorFilter } = {},
  ): Promise<readonly VectorMatch[]> {
    return orThrow(await this.index.query({ vector: this.at(degrees), topK: 10, ...options }))
  }

  async fetched(...ids: string[]): Promise<ReadonlyMap<string, VectorRecord>> {
    return orThrow(await this.index.fetch(ids))
  }
}

/** The ids of matches, in order. */
export function idsOf(matches: readonly VectorMatch[]): string[] {
  return matches.map(({ id }) => id)
}
