import type { Metadata } from './metadata.ts'
import type { MetadataPredicate } from './metadata-filter.ts'
import { compareScores, score } from './similarity.ts'
import type { Metric, StoredVector } from './similarity.ts'

/** One stored record. */
export interface StoredRecord {
  readonly id: string
  readonly vector: StoredVector
  readonly metadata: Metadata | undefined
}

/** The changes to one record. */
export interface RecordChange {
  readonly vector?: StoredVector
  readonly metadata?: Metadata
}

/** A record and its score for the query. */
export interface ScoredRecord {
  readonly record: StoredRecord
  readonly score: number
}

/** A query on a namespace. */
export interface NearestQuery {
  readonly metric: Metric
  readonly vector: StoredVector
  readonly topK: number
  readonly passes: MetadataPredicate
}

/** The records of one namespace. */
export class StoredNamespace {
  readonly #records = new Map<string, StoredRecord>()

  get size(): number {
    return this.#records.size
  }

  get(id: string): StoredRecord | undefined {
    return this.#records.get(id)
  }

  upsert(records: readonly StoredRecord[]): void {
    for (const record of records) this.#records.set(record.id, record)
  }

  /** Changes a record; an absent one stays absent. */
  update(id: string, change: RecordChange): void {
    const record = this.#records.get(id)
    if (record === undefined) return
    const metadata =
      change.metadata === undefined ? record.metadata : { ...record.metadata, ...change.metadata }
    this.#records.set(id, { id, vector: change.vector ?? record.vector, metadata })
  }

  delete(ids: readonly string[]): void {
    for (const id of ids) this.#records.delete(id)
  }

  /** The ids of the matching records, in the order of their bytes. */
  ids(passes: (record: StoredRecord) => boolean): string[] {
    return Array.from(this.#records.values())
      .filter(passes)
      .map(({ id }) => id)
      .sort()
  }

  /** The nearest matching records, best first; equal scores are in the order of ids. */
  nearest({ metric, vector, topK, passes }: NearestQuery): ScoredRecord[] {
    return Array.from(this.#records.values())
      .filter(({ metadata }) => passes(metadata ?? {}))
      .map((record) => ({ record, score: score(metric, record.vector, vector) }))
      .sort(
        (left, right) =>
          compareScores(metric, left.score, right.score) ||
          (left.record.id < right.record.id ? -1 : 1),
      )
      .slice(0, topK)
  }
}
