import type { Course } from '@headwater/repositories'
import { hasSeats } from '../indexing/course-document.ts'
import type { VectorFilter } from '../vectors/vector-index.ts'

/** Which courses a search may find. Amounts are decimal strings with two decimals. */
export interface SearchFilters {
  readonly category?: string
  readonly difficulty?: string
  readonly instructorId?: number
  readonly minPrice?: string
  readonly maxPrice?: string
  readonly hasSeats?: true
}

/** The filters as the vector index understands them, within one generation. */
export function vectorFilterOf(filters: SearchFilters, generation: string): VectorFilter {
  const { category, difficulty, instructorId, minPrice, maxPrice } = filters
  const parts: VectorFilter[] = [{ op: 'eq', key: 'generation', value: generation }]
  if (category !== undefined) parts.push({ op: 'eq', key: 'category', value: category })
  if (difficulty !== undefined) parts.push({ op: 'eq', key: 'difficulty', value: difficulty })
  if (instructorId !== undefined)
    parts.push({ op: 'eq', key: 'instructor_id', value: instructorId })
  if (minPrice !== undefined) parts.push({ op: 'gte', key: 'price', value: Number(minPrice) })
  if (maxPrice !== undefined) parts.push({ op: 'lte', key: 'price', value: Number(maxPrice) })
  if (filters.hasSeats === true) parts.push({ op: 'eq', key: 'has_places', value: true })
  return { op: 'and', filters: parts }
}

/** Whether PostgreSQL's own row lets a course be found: published, and within every filter. */
export function isFindable(course: Course, filters: SearchFilters): boolean {
  const {
    category = course.category,
    difficulty = course.difficulty,
    instructorId = course.instructorId,
    minPrice,
    maxPrice,
  } = filters
  return (
    course.isPublished &&
    course.category === category &&
    course.difficulty === difficulty &&
    course.instructorId === instructorId &&
    (minPrice === undefined || cents(course.price) >= cents(minPrice)) &&
    (maxPrice === undefined || cents(course.price) <= cents(maxPrice)) &&
    (filters.hasSeats === undefined || hasSeats(course))
  )
}

/** Amounts have two decimals and at most ten digits: without the point they are whole numbers. */
function cents(amount: string): number {
  return Number(amount.replace('.', ''))
}
