import type { Course, EnrollmentWithCourse, Page, User } from '@headwater/repositories'
import type { SearchResult } from '@headwater/search'
import { headers } from 'next/headers'
import { ask } from '../ask.ts'

/** Courses that match a query, or the newest; `undefined` when they cannot be read. */
export async function findCourses(q: string): Promise<readonly Course[] | undefined> {
  if (q === '') return (await read<Page<Course>>('/courses', { limit: '24' }))?.items
  const found = await read<SearchResult>('/search', { q, limit: '24' })
  return found?.hits.map(({ course }) => course)
}

/** The user who is signed in. */
export function visitor(): Promise<User | undefined> {
  return read<User>('/me')
}

/** The courses in which the visitor is enrolled. */
export async function enrolledIn(): Promise<ReadonlySet<number>> {
  const enrollments = await read<Page<EnrollmentWithCourse>>('/me/enrollments', { limit: '100' })
  return new Set(enrollments?.items.map(({ courseId }) => courseId))
}

async function read<Body>(path: string, query: object = {}): Promise<Body | undefined> {
  const { status, body } = await ask({ method: 'GET', path, query, headers: await headers() })
  return status === 200 ? (body as Body) : undefined
}
