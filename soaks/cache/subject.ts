import type { NearCounts } from './near/near-counts.ts'

/** One write: it raises the version of a row and invalidates its cached copies. */
export interface Write {
  readonly key: number
  /** Whether it is rolled back after its statement. */
  readonly isRollback: boolean
  /** Called between any two steps; may kill the process. */
  step(): void
  /** Called once the row has its new version, before the commit. */
  updated(version: number): void
  /** Called before the commit when the cache is out of reach. */
  degraded(): void
}

/** A cache in front of the rows, in one process. */
export interface Subject {
  /** Reads a version; rejects when there is no answer. */
  read(key: number): Promise<number>
  /** Reads the versions of several keys. */
  readMany(keys: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** Reads more at once than is reasonable, where the subject is to bear it. */
  readBig?(): Promise<unknown>
  /** Writes; rejects when the write failed or its outcome is unknown. */
  write(write: Write): Promise<'committed' | 'rolled-back'>
  close(): Promise<void>
  /** Reads a version that this process keeps near, without waiting; `undefined` without one. */
  peek?(key: number): number | undefined
  /** What its near tier has done in this process so far. */
  readonly nearCounts?: NearCounts
  /** Sessions on the same Redis, where the subject is soaked with them. */
  readonly sessions?: SubjectSessions
}

/** Sessions beside a cache, in one process. */
export interface SubjectSessions {
  /** Begins a session of a user and returns its token. */
  begin(userId: number): Promise<string>
  /** Whether there is a session with a token; rejects when there is no answer. */
  isFound(token: string): Promise<boolean>
  /** Ends the session of a user; rejects when that failed or its outcome is unknown. */
  end(userId: number, token: string): Promise<void>
}

/** How a process reaches Redis: one server, or the nodes of a cluster. */
export type RedisAddress = { readonly url: string } | { readonly rootNodes: readonly string[] }

/** The addresses that a process connects to. */
export interface SubjectUrls {
  readonly redis: RedisAddress
  readonly postgresUrl: string
  /** Redis, for the connection on which changes arrive; absent where nothing is kept near. */
  readonly nearUrl?: string | undefined
}

/** The caches that can be soaked, by name. */
export const subjectNames = ['headwater', 'naive', 'bentocache', 'cacheable'] as const

/** The caches that keep values in each process, by name. */
export const nearSubjectNames = [
  'headwater near',
  'headwater near without a wait',
  'bentocache near',
  'node-redis near',
] as const

/** The name of a cache that can be soaked. */
export type SubjectName = (typeof subjectNames | typeof nearSubjectNames)[number]

/** Whether a cache keeps values in each process. */
export function isNear(name: SubjectName): boolean {
  return nearSubjectNames.some((near) => near === name)
}

/** The URL of the one server that a subject is soaked on. */
export function singleUrl(redis: RedisAddress): string {
  if ('url' in redis) return redis.url
  throw new TypeError('This cache is soaked on a single server')
}

/** How long every cache keeps an entry, in milliseconds. */
export const ttlMs = 4_000

/**
 * The deadline of a transaction, in milliseconds: short, so that holds of killed writers are too.
 */
export const transactionMs = 900
