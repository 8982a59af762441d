import { setTimeout } from 'node:timers/promises'
import type { Diagnostics } from '../diagnostics.ts'
import { isLostSql } from './postgres/lost-commit-queries.ts'
import type { RedisStore } from './redis/redis-store.ts'
import type { SqlClient } from './sql-client.ts'

/** Dependencies of {@link CommitWitness}. */
export interface CommitWitnessDeps {
  readonly sql: SqlClient
  readonly redis: RedisStore
  readonly diagnostics: Diagnostics
}

/** A commit that was acknowledged, with what its server told of its history. */
export interface AcknowledgedCommit {
  readonly transactionId: string
  readonly system: string | undefined
  /** Eight hexadecimal digits. */
  readonly timeline: string | undefined
  /** A place in the write-ahead log before the commit: two hexadecimal numbers with a slash. */
  readonly place: string | undefined
}

/** A server, and the timeline that it was on when it was last looked at. */
export interface PromotedServer {
  readonly system: string
  readonly timeline: number
  readonly lastTimeline: number
}

/** A commit that was acknowledged and is not on the server. */
export interface LostCommit {
  readonly transactionId: string
  /** Its timeline. */
  readonly timeline: number
}

/** Least time between two messages of one process to Redis, in milliseconds. */
const shareMs = 50
/** The time after one that failed. */
const restMs = 1_000
const keptSeconds = 30 * 86_400

/**
 * Remembers the newest commit that was acknowledged on each timeline of PostgreSQL, here and in
 * Redis, where it outlives the process: so a promoted standby that lacks it is found out. Only
 * commits that wrote something may be noted, since others need not reach a standby.
 */
export class CommitWitness {
  readonly #deps: CommitWitnessDeps
  /** Texts that sort as their commits do, by timeline. */
  readonly #newest = new Map<number, string>()
  readonly #told = new Set<string>()
  #system: string | undefined
  #unshared: string | undefined
  #sharing: Promise<void> | undefined
  #unchecked: readonly string[] = []
  #checking: Promise<void> | undefined
  #isStopped = false

  constructor(deps: CommitWitnessDeps) {
    this.#deps = deps
  }

  /**
   * Notes an acknowledged commit. At the first one on another timeline it looks, in the background,
   * whether the server has those that this process noted before.
   */
  saw({ system, timeline, place, transactionId }: AcknowledgedCommit): void {
    if (system === undefined || timeline === undefined || place === undefined) return
    if (system !== this.#system) this.#begin(system)
    const text = `${timeline} ${sortable(place)} ${transactionId}`
    const number = parse(text).timeline
    const before = this.#newest.get(number)
    if (before === undefined) this.#unchecked = [...this.#newest.values()]
    if (this.#unchecked.length > 0) this.#checking ??= this.#checkOwn(number)
    if (before !== undefined && before > text) return
    this.#newest.set(number, text)
    this.#unshared = text
    this.#sharing ??= this.#share()
  }

  /**
   * Looks for an acknowledged commit that a promoted server lacks. `isComplete` tells whether Redis
   * said what other processes have noted. Rejects as `sql` does. Two round trips.
   */
  async findLost(
    sql: SqlClient,
    { system, timeline, lastTimeline }: PromotedServer,
  ): Promise<{ readonly lost: LostCommit | undefined; readonly isComplete: boolean }> {
    const shared = await this.#deps.redis
      .run('witness', (client) => client.zRange(this.#keyOf(system), 0, -1))
      .unwrapOr(undefined)
    const own = system === this.#system ? [...this.#newest.values()] : []
    const texts = [...own, ...(shared ?? [])].filter((text) => parse(text).timeline >= lastTimeline)
    const lost = await this.#firstLost(sql, { texts, timeline })
    return { lost, isComplete: shared !== undefined }
  }

  /**
   * Forgets what was acknowledged on a server, here and in Redis: its present history is accepted,
   * and may have the places and timelines of a lost one again. Never rejects.
   */
  async forget(system: string): Promise<void> {
    if (system === this.#system) this.#begin(system)
    await this.#deps.redis
      .run('witness', (client) => client.del(this.#keyOf(system)))
      .unwrapOr(undefined)
  }

  /** Tells Redis what it has not heard yet. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#unshared !== undefined) await this.#send(this.#unshared)
  }

  #begin(system: string): void {
    this.#system = system
    this.#newest.clear()
    this.#unchecked = []
    this.#unshared = undefined
  }

  async #share(): Promise<void> {
    while (this.#unshared !== undefined && !this.#isStopped) {
      const text = this.#unshared
      this.#unshared = undefined
      const isShared = await this.#send(text)
      // A newer one says as much.
      if (!isShared) this.#unshared ??= text
      await setTimeout(isShared ? shareMs : restMs, undefined, { ref: false })
    }
    this.#sharing = undefined
  }

  /** Takes the place of older commits of the same timeline. */
  async #send(text: string): Promise<boolean> {
    const key = this.#keyOf(this.#system ?? '')
    const [timeline] = text.split(' ')
    const sent = await this.#deps.redis.run('witness', (client) =>
      Promise.all([
        client.zAdd(key, { score: 0, value: text }),
        client.zRemRangeByLex(key, `[${timeline} `, `(${text}`),
        client.expire(key, keptSeconds),
      ]),
    )
    return sent.isOk()
  }

  async #checkOwn(timeline: number): Promise<void> {
    const texts = this.#unchecked
    try {
      await this.#firstLost(this.#deps.sql, { texts, timeline })
      if (this.#unchecked === texts) this.#unchecked = []
    } catch {
      // The next commit tries again; the store has reported why this one failed.
    } finally {
      this.#checking = undefined
    }
  }

  async #firstLost(
    sql: SqlClient,
    { texts, timeline }: { readonly texts: readonly string[]; readonly timeline: number },
  ): Promise<LostCommit | undefined> {
    for (const text of new Set(texts)) {
      const commit = parse(text)
      if (commit.timeline === timeline || !(await isLost(sql, commit, timeline))) continue
      if (!this.#told.has(text))
        this.#deps.diagnostics.emit('transaction:lost', {
          transactionId: commit.transactionId,
          timeline: commit.timeline,
          newTimeline: timeline,
        })
      this.#told.add(text)
      return commit
    }
    return undefined
  }

  #keyOf(system: string): string {
    return `${this.#deps.redis.keyPrefix}witness!${system}`
  }
}

interface NotedCommit extends LostCommit {
  readonly place: string
}

/** A server on an earlier timeline has nothing that was written on a later one. */
async function isLost(
  sql: SqlClient,
  { timeline, place, transactionId }: NotedCommit,
  present: number,
): Promise<boolean> {
  if (timeline > present) return true
  const { rows } = await sql.query<{ is_lost: boolean }>(isLostSql, [place, transactionId])
  return rows[0]?.is_lost === true
}

function parse(text: string): NotedCommit {
  const [timeline = '', place = '', transactionId = ''] = text.split(' ')
  return { timeline: Number.parseInt(timeline, 16), place, transactionId }
}

/** A place whose text sorts as it does. */
function sortable(place: string): string {
  const [high = '', low = ''] = place.split('/')
  return `${high.padStart(8, '0')}/${low.padStart(8, '0')}`
}
