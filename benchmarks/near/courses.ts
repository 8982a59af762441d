import type { Codec } from '@headwater/core'

/** A course as the reference design has it, with two dates: some 450 characters of JSON. */
export interface Course {
  readonly id: number
  readonly title: string
  readonly description: string
  readonly instructorId: number
  readonly category: string
  readonly difficulty: string
  readonly language: string
  readonly maxStudents: number
  readonly currentEnrollment: number
  readonly seatsOffered: number
  readonly price: string
  readonly isPublished: boolean
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

type Stored = Omit<Course, 'createdAt' | 'updatedAt'> & {
  readonly createdAt: string
  readonly updatedAt: string
}

/** Keeps the dates as ISO texts. */
export const courseCodec: Codec<Course> = {
  encode: (course) => ({
    ...course,
    createdAt: course.createdAt.toISOString(),
    updatedAt: course.updatedAt.toISOString(),
  }),
  decode: (json) => {
    const stored = json as Stored
    return {
      ...stored,
      createdAt: new Date(stored.createdAt),
      updatedAt: new Date(stored.updatedAt),
    }
  },
}

/** The cheapest copy of a course that shares nothing with it. */
export function copyOfCourse(course: Course): Course {
  return {
    ...course,
    createdAt: new Date(course.createdAt.getTime()),
    updatedAt: new Date(course.updatedAt.getTime()),
  }
}

/** Loads courses without a statement, since only their hits are measured. */
export function loadCourses(ids: readonly number[]): Promise<Map<number, Course>> {
  return Promise.resolve(new Map(ids.map((id) => [id, courseOf(id)])))
}

/** The course of an id. */
export function courseOf(id: number): Course {
  return {
    id,
    title: `Course ${id}: from the first steps to a project of one’s own`,
    description: `${String(id).padStart(8, '0')} `.repeat(20),
    instructorId: id % 97,
    category: 'AI/ML',
    difficulty: 'beginner',
    language: 'en',
    maxStudents: 100,
    currentEnrollment: id % 100,
    seatsOffered: 0,
    price: '49.00',
    isPublished: true,
    version: 1,
    createdAt: new Date(Date.UTC(2026, 0, 1) + id),
    updatedAt: new Date(Date.UTC(2026, 5, 1) + id),
  }
}
