/** One write: it raises the version of a row and invalidates what is cached of it. */
export interface Write {
  readonly key: number
  /** Whether it is to be given up after its statement. */
  readonly isRollback: boolean
  /** Called between any two steps; may end the process. */
  step(): void
  /** Called when the row has its new version, before the commit. */
  updated(version: number): void
  /** Called when the cache cannot be told, before the commit. */
  degraded(): void
}

/** A cache in front of the rows, as one process uses it. */
export interface Subject {
  /** The version that a read gives; rejects when there is no answer. */
  read(key: number): Promise<number>
  /** The versions that reads of several keys give. */
  readMany(keys: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** Writes, and says whether that is committed; rejects when that is unknown or failed. */
  write(write: Write): Promise<'committed' | 'rolled-back'>
  close(): Promise<void>
}

/** Where a process finds its stores. */
export interface SubjectUrls {
  readonly redisUrl: string
  readonly postgresUrl: string
}

/** The caches that can be put to the test, by name. */
export const subjectNames = ['headwater', 'naive', 'bentocache', 'cacheable'] as const

/** The name of a cache that can be put to the test. */
export type SubjectName = (typeof subjectNames)[number]

/** How long all of them keep an entry, in milliseconds. */
export const ttlMs = 4_000

/**
 * How long a transaction may take, in milliseconds: short, so that the holds of writers that are
 * killed are short as well.
 */
export const transactionMs = 900
