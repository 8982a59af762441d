import type { Course } from '@headwater/repositories'
import { hasSeats } from '../indexing/course-document.ts'
import type { VectorFilter } from '../vectors/vector-index.ts'

/**
 * The courses that a search may find. Lists hold the values that pass, sorted, each once; amounts
 * are decimal strings with two decimals.
 */
export interface SearchFilters {
  readonly category?: readonly string[]
  readonly difficulty?: readonly string[]
  readonly language?: readonly string[]
  readonly instructorId?: readonly number[]
  readonly minPrice?: string
  readonly maxPrice?: string
  readonly hasSeats?: boolean
}

/** The filters in the terms of the vector index, within one generation. */
export function vectorFilterOf(filters: SearchFilters, generation: string): VectorFilter {
  const { category, difficulty, language, instructorId, minPrice, maxPrice } = filters
  const conditions: VectorFilter[] = [{ op: 'eq', key: 'generation', value: generation }]
  if (category !== undefined) conditions.push({ op: 'in', key: 'category', values: category })
  if (difficulty !== undefined) conditions.push({ op: 'in', key: 'difficulty', values: difficulty })
  if (language !== undefined) conditions.push({ op: 'in', key: 'language', values: language })
  if (instructorId !== undefined)
    conditions.push({ op: 'in', key: 'instructor_id', values: instructorId })
  if (minPrice !== undefined) conditions.push({ op: 'gte', key: 'price', value: Number(minPrice) })
  if (maxPrice !== undefined) conditions.push({ op: 'lte', key: 'price', value: Number(maxPrice) })
  if (filters.hasSeats !== undefined)
    conditions.push({ op: 'eq', key: 'has_places', value: filters.hasSeats })
  return { op: 'and', filters: conditions }
}

/** Whether a row of PostgreSQL may be found: published, and within every filter. */
export function isFindable(course: Course, filters: SearchFilters): boolean {
  const { category, difficulty, language, instructorId, minPrice, maxPrice } = filters
  return (
    course.isPublished &&
    isAmong(category, course.category) &&
    isAmong(difficulty, course.difficulty) &&
    isAmong(language, course.language) &&
    isAmong(instructorId, course.instructorId) &&
    (minPrice === undefined || cents(course.price) >= cents(minPrice)) &&
    (maxPrice === undefined || cents(course.price) <= cents(maxPrice)) &&
    (filters.hasSeats === undefined || filters.hasSeats === hasSeats(course))
  )
}

/** The filters that a row of PostgreSQL fails, if it is published. */
export function failedFilters(course: Course, filters: SearchFilters): (keyof SearchFilters)[] {
  const names = Object.keys(filters) as (keyof SearchFilters)[]
  return names.filter((name) => !isFindable(course, { [name]: filters[name] }))
}

function isAmong<T>(wanted: readonly T[] | undefined, value: T | null): boolean {
  return wanted === undefined || (value !== null && wanted.includes(value))
}

/** Amounts have two decimals and at most ten digits: without the point they are whole numbers. */
function cents(amount: string): number {
  return Number(amount.replace('.', ''))
}
