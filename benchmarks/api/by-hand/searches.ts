import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Clients } from '../../flows/by-hand/clients.ts'
import type { CourseSearchService } from '../../flows/by-hand/course-search-service.ts'
import { Later } from '../../flows/by-hand/later.ts'
import { courseOf, type CourseRow } from './course-row.ts'
import { Refusal } from './refusal.ts'

/** A click on a course that a search showed. */
export interface Click {
  readonly searchId: string
  readonly courseId: number
  readonly position: number
  readonly proof: string
}

/** Searches and their log; what MongoDB does not take of it is lost. */
export class Searches {
  readonly #clients: Clients
  readonly #service: CourseSearchService
  readonly #secret: string
  readonly #later = new Later()

  constructor(clients: Clients, service: CourseSearchService, secret: string) {
    this.#clients = clients
    this.#service = service
    this.#secret = secret
  }

  /** The answer to a search. Nobody waits for its log, which the reference design waits for. */
  async search(
    query: string,
    { limit, userId }: { readonly limit: number; readonly userId: number | undefined },
  ): Promise<object> {
    const startedAt = performance.now()
    const { courses, isCached } = await this.#service.searchCourses(query)
    const searchId = randomUUID()
    const hits = courses.slice(0, limit).map((row, at) => ({
      course: courseOf(row as unknown as CourseRow),
      score: row.similarity_score ?? 0,
      rank: at + 1,
      proof: this.#proofOf(searchId, row.id, at + 1).toString('base64url'),
    }))
    const durationMs = performance.now() - startedAt
    this.#log({ searchId, query, isCached, durationMs, found: hits.length, userId })
    return {
      mode: 'semantic',
      degraded: [],
      isCached,
      searchId,
      nextCursor: null,
      durationMs: Math.round(durationMs * 100) / 100,
      hits,
    }
  }

  /** Notes a click that was shown to somebody. */
  click({ searchId, courseId, position, proof }: Click): void {
    const [given, made] = [
      Buffer.from(proof, 'base64url'),
      this.#proofOf(searchId, courseId, position),
    ]
    if (given.length !== made.length || !timingSafeEqual(given, made))
      throw new Refusal(400, 'invalid-input', 'is not that of a hit', 'proof')
    this.#later.add(
      this.#clients.mongodb
        .collection('search_logs')
        .updateOne(
          { search_id: searchId },
          { $set: { clicked_result: courseId, click_position: position } },
        ),
    )
  }

  /** Waits until everything is written. */
  settled(): Promise<void> {
    return this.#later.settled()
  }

  #log(search: {
    readonly searchId: string
    readonly query: string
    readonly isCached: boolean
    readonly durationMs: number
    readonly found: number
    readonly userId: number | undefined
  }): void {
    this.#later.add(
      this.#clients.mongodb.collection('search_logs').insertOne({
        search_id: search.searchId,
        user_id: search.userId ?? null,
        query: search.query,
        results_count: search.found,
        search_type: search.isCached ? 'cache_hit' : 'vector_search',
        search_duration_ms: search.durationMs,
        timestamp: new Date(),
      }),
    )
  }

  #proofOf(searchId: string, courseId: number, rank: number): Buffer {
    const values = JSON.stringify(['hit', searchId, courseId, rank])
    return createHmac('sha256', this.#secret).update(values).digest()
  }
}
