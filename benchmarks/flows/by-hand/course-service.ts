import type { Clients } from './clients.ts'
import type { CourseSearchService } from './course-search-service.ts'
import { Later } from './later.ts'

/** Changes of courses, step by step as in the reference design. */
export class CourseService {
  readonly #clients: Clients
  readonly #search: CourseSearchService
  readonly #later = new Later()

  constructor(clients: Clients, search: CourseSearchService) {
    this.#clients = clients
    this.#search = search
  }

  /**
   * The caller waits for the index; a crash or an outage on the way leaves it as it was. `KEYS`
   * walks over all of Redis, and every cached search is gone.
   */
  async updateCourse(courseId: number, title: string): Promise<void> {
    await this.#clients.postgres.query({
      name: 'update-course',
      text: 'UPDATE courses SET title = $1, updated_at = CURRENT_TIMESTAMP WHERE id = $2',
      values: [title, courseId],
    })
    await this.followUpdate(courseId)
  }

  /** The steps after the update of the row. */
  async followUpdate(courseId: number): Promise<void> {
    const { redis } = this.#clients
    await redis.del(`course:${courseId}`)
    await redis.del(`course:${courseId}:students`)
    const keys = await redis.keys('search:*')
    if (keys.length > 0) await redis.del(keys)
    await this.#search.indexCourse(courseId)
  }

  /** A crash or an outage leaves the course out of the index for good. */
  async publishCourse(courseId: number): Promise<void> {
    const { postgres, redis } = this.#clients
    await postgres.query({
      name: 'publish-course',
      text: 'UPDATE courses SET is_published = true WHERE id = $1',
      values: [courseId],
    })
    this.#later.add(
      new Promise<void>((resolve, reject) => {
        setTimeout(() => {
          this.#search.indexCourse(courseId).then(resolve, reject)
        }, 0)
      }),
    )
    await redis.del(`course:${courseId}`)
  }

  /** Waits for the courses that are indexed in the background. */
  settled(): Promise<void> {
    return this.#later.settled()
  }
}
