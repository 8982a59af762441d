import { createHash } from 'node:crypto'
import type { Clients } from './clients.ts'

/** A course, as a row of `courses` with its score. */
export interface FoundCourse {
  readonly id: number
  readonly title: string
  readonly similarity_score: number | undefined
}

/** What a search found. */
export interface Found {
  readonly courses: readonly FoundCourse[]
  readonly isCached: boolean
}

const shown = `id, title, description, category, difficulty_level,
                    price, current_enrollment, instructor_id`

/** Course search, step by step as in the reference design. */
export class CourseSearchService {
  readonly #clients: Clients
  readonly #columns: string

  /** The columns are those of a found course; by default those of the reference design. */
  constructor(clients: Clients, columns = shown) {
    this.#clients = clients
    this.#columns = columns
  }

  /**
   * By meaning alone. A cached result shows courses as they were, unpublished ones too; a course
   * that PostgreSQL denies shifts the scores of those behind it. Without a user nothing is logged.
   */
  async searchCourses(query: string): Promise<Found> {
    const { redis, index } = this.#clients
    const cacheKey = `search:${hashQuery(query)}`
    const cached = await redis.get(cacheKey)
    if (cached !== null) return { courses: JSON.parse(cached) as FoundCourse[], isCached: true }
    const { matches } = await index.query({
      vector: await this.#embed(query),
      topK: 10,
      includeMetadata: true,
    })
    const courseIds = matches.map(({ metadata }) => Number(metadata?.['course_id']))
    if (courseIds.length === 0) return { courses: [], isCached: false }
    const rows = await this.#coursesOf(courseIds)
    const courses = rows.map((course, place) => ({
      ...course,
      similarity_score: matches[place]?.score,
    }))
    await redis.setEx(cacheKey, 900, JSON.stringify(courses))
    return { courses, isCached: false }
  }

  /** Two updates at once may leave the older one in the index. */
  async indexCourse(courseId: number): Promise<void> {
    const { postgres, index } = this.#clients
    const {
      rows: [course],
    } = await postgres.query<CourseRow>({
      name: 'index-course',
      text: `SELECT ${shown}
             FROM courses WHERE id = $1`,
      values: [courseId],
    })
    if (course === undefined) throw new Error(`Course ${courseId} not found`)
    const values = await this.#embed(`${course.title}. ${course.description}`)
    await index.upsert({
      records: [{ id: `course_${course.id}`, values, metadata: metadataOf(course) }],
    })
  }

  async #coursesOf(courseIds: readonly number[]): Promise<{ id: number; title: string }[]> {
    const placeholders = courseIds.map((_, place) => `$${place + 1}`).join(',')
    const { rows } = await this.#clients.postgres.query<{ id: number; title: string }>({
      name: `search-${courseIds.length}`,
      text: `SELECT ${this.#columns}
             FROM courses
             WHERE id IN (${placeholders}) AND is_published = true
             ORDER BY ARRAY_POSITION($${courseIds.length + 1}::int[], id)`,
      values: [...courseIds, courseIds],
    })
    return rows
  }

  async #embed(input: string): Promise<number[]> {
    const { data } = await this.#clients.openai.embeddings.create({
      model: 'text-embedding-3-small',
      input,
    })
    return data[0]?.embedding ?? []
  }
}

interface CourseRow {
  readonly id: number
  readonly title: string
  readonly description: string
  readonly category: string | null
  readonly difficulty_level: string | null
  readonly price: string
  readonly current_enrollment: number
  readonly instructor_id: number
}

function metadataOf(course: CourseRow): Record<string, string | number> {
  return {
    course_id: course.id,
    title: course.title,
    category: course.category ?? '',
    difficulty: course.difficulty_level ?? '',
    instructor_id: course.instructor_id,
    price: parseFloat(course.price),
    enrollment_count: course.current_enrollment,
  }
}

function hashQuery(query: string): string {
  return createHash('md5').update(JSON.stringify({ query })).digest('hex')
}
