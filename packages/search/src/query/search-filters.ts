import type { Course } from '@headwater/repositories'
import { hasSeats } from '../indexing/course-document.ts'
import type { VectorFilter } from '../vectors/vector-index.ts'

/** The courses that a search may find. Amounts are decimal strings with two decimals. */
export interface SearchFilters {
  readonly category?: string
  readonly difficulty?: string
  readonly instructorId?: number
  readonly minPrice?: string
  readonly maxPrice?: string
  readonly hasSeats?: boolean
}

/** The filters in the terms of the vector index, within one generation. */
export function vectorFilterOf(filters: SearchFilters, generation: string): VectorFilter {
  const { category, difficulty, instructorId, minPrice, maxPrice } = filters
  const conditions: VectorFilter[] = [{ op: 'eq', key: 'generation', value: generation }]
  if (category !== undefined) conditions.push({ op: 'eq', key: 'category', value: category })
  if (difficulty !== undefined) conditions.push({ op: 'eq', key: 'difficulty', value: difficulty })
  if (instructorId !== undefined)
    conditions.push({ op: 'eq', key: 'instructor_id', value: instructorId })
  if (minPrice !== undefined) conditions.push({ op: 'gte', key: 'price', value: Number(minPrice) })
  if (maxPrice !== undefined) conditions.push({ op: 'lte', key: 'price', value: Number(maxPrice) })
  if (filters.hasSeats !== undefined)
    conditions.push({ op: 'eq', key: 'has_places', value: filters.hasSeats })
  return { op: 'and', filters: conditions }
}

/** Whether a row of PostgreSQL may be found: published, and within every filter. */
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
    (filters.hasSeats === undefined || filters.hasSeats === hasSeats(course))
  )
}

/** Amounts have two decimals and at most ten digits: without the point they are whole numbers. */
function cents(amount: string): number {
  return Number(amount.replace('.', ''))
}
