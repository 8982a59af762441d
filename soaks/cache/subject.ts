/** One write: it increments the version of a row and invalidates its cached entry. */
export interface Write {
  readonly key: number
  /** Whether it is rolled back after its statement. */
  readonly isRollback: boolean
  /** Called between any two steps; may end the process. */
  step(): void
  /** Called when the row has its new version, before the commit. */
  updated(version: number): void
  /** Called before the commit when the cache cannot be reached. */
  degraded(): void
}

/** A cache in front of the rows, as one process uses it. */
export interface Subject {
  /** Reads one key and returns its version; rejects when there is no answer. */
  read(key: number): Promise<number>
  /** Reads several keys and returns their versions. */
  readMany(keys: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** Writes and returns whether that is committed; rejects when it failed or is unknown. */
  write(write: Write): Promise<'committed' | 'rolled-back'>
  close(): Promise<void>
}

/** The stores of one process. */
export interface SubjectUrls {
  readonly redisUrl: string
  readonly postgresUrl: string
}

/** The caches under test, by name. */
export const subjectNames = ['headwater', 'naive', 'bentocache', 'cacheable'] as const

/** The name of a cache under test. */
export type SubjectName = (typeof subjectNames)[number]

/** The life of an entry in all of them, in milliseconds. */
export const ttlMs = 4_000

/**
 * The deadline of a transaction, in milliseconds: short, so that the holds of killed writers are
 * short too.
 */
export const transactionMs = 900
