import { orThrow } from '@headwater/core'
import type { Course, Repositories, User } from '@headwater/repositories'
import type { Catalogue, CatalogueCourse, Person } from './catalogue.ts'
import { eachOf } from './each-of.ts'

/** The progress of loading. */
export interface CatalogueProgress {
  /** The current step. */
  readonly step: 'people' | 'courses' | 'enrollments'
  /** The number of people, courses and filled courses that are done. */
  readonly done: number
  /** The number of all of them. */
  readonly total: number
}

/** Options of {@link loadCatalogue}. */
export interface LoadOptions {
  /**
   * The password hash of every person in the catalogue.
   *
   * @defaultValue `'!'`, the hash of no password, so that no one can sign in
   */
  readonly passwordHash?: string
  /**
   * Called after every person, course and filled course.
   *
   * @defaultValue silent
   */
  readonly onProgress?: (progress: CatalogueProgress) => void
}

/** The loaded catalogue. */
export interface LoadedCatalogue {
  /** In the catalogue's order. */
  readonly instructors: readonly User[]
  /** In the catalogue's order. */
  readonly students: readonly User[]
  /** In the catalogue's order, all published. */
  readonly courses: readonly Course[]
  /** The small courses that have one seat left. */
  readonly nearlyFull: readonly Course[]
}

const loadDefaults = { passwordHash: '!', onProgress: () => undefined } as const

/** A course of at most this many seats is filled but for one. */
const smallCourse = 6

/** Writes under way at once: well below the pool of 20. */
const concurrency = 8

type Services = Pick<Repositories, 'users' | 'courses' | 'enrollments'>

/**
 * Loads the catalogue by the calls that an application makes: registers the people, creates and
 * publishes the courses, and fills the small ones but for one seat. Idempotent: people and courses
 * that exist, by e-mail address and by title, stay as they are.
 *
 * @throws FailureError when a call fails.
 */
export async function loadCatalogue(
  services: Services,
  catalogue: Catalogue,
  options: LoadOptions = {},
): Promise<LoadedCatalogue> {
  const { passwordHash, onProgress } = { ...loadDefaults, ...options }
  const { instructors, students, courses } = catalogue
  const small = courses.filter(isSmall)
  const progress = counter(
    instructors.length + students.length + courses.length + small.length,
    onProgress,
  )

  const register = (role: string) => async (person: Person) => {
    const user = await ensureUser(services, { person, role, passwordHash })
    progress('people')
    return user
  }
  const teachers = await eachOf(instructors, concurrency, register('instructor'))
  const learners = await eachOf(students, concurrency, register('student'))

  const idOf = new Map(teachers.map((user) => [user.username, user.id]))
  const existing = await coursesByTitle(services)
  const loaded = await eachOf(courses, concurrency, async (course) => {
    const published = await ensureCourse(services, {
      course,
      existing: existing.get(course.title),
      instructorId: idOf.get(course.instructor) ?? 0,
    })
    progress('courses')
    return published
  })

  const nearlyFull = await eachOf(loaded.filter(isSmall), concurrency, async (course) => {
    const filled = await fill(services, course, learners)
    progress('enrollments')
    return filled
  })
  return { instructors: teachers, students: learners, courses: loaded, nearlyFull }
}

function counter(
  total: number,
  onProgress: (progress: CatalogueProgress) => void,
): (step: CatalogueProgress['step']) => void {
  let done = 0
  return (step) => {
    done += 1
    onProgress({ step, done, total })
  }
}

function isSmall({ maxStudents }: { readonly maxStudents: number | null }): boolean {
  return maxStudents !== null && maxStudents <= smallCourse
}

interface WantedUser {
  readonly person: Person
  readonly role: string
  readonly passwordHash: string
}

async function ensureUser(
  { users }: Services,
  { person: { email, username, fullName }, role, passwordHash }: WantedUser,
): Promise<User> {
  return (
    orThrow(await users.findByEmail(email)) ??
    orThrow(await users.create({ email, username, fullName, role, passwordHash }))
  )
}

/** Every existing course, published or not. */
async function coursesByTitle({ courses }: Services): Promise<Map<string, Course>> {
  const found = new Map<string, Course>()
  for (const isPublished of [true, false]) {
    let cursor: string | undefined
    do {
      const page = orThrow(await courses.list({ isPublished, limit: 200, cursor }))
      for (const course of page.items) found.set(course.title, course)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
  }
  return found
}

interface WantedCourse {
  readonly course: CatalogueCourse
  readonly existing: Course | undefined
  readonly instructorId: number
}

async function ensureCourse(
  { courses }: Services,
  { course, existing, instructorId }: WantedCourse,
): Promise<Course> {
  if (existing?.isPublished) return existing
  const { instructor: _, ...newCourse } = course
  const { id } = existing ?? orThrow(await courses.create({ ...newCourse, instructorId }))
  return orThrow(await courses.publish(id))
}

/** Enrolls students until one seat is left; the course's id determines the first. */
async function fill(
  { courses, enrollments }: Services,
  course: Course,
  students: readonly User[],
): Promise<Course> {
  const wanted = (course.maxStudents ?? 0) - 1
  let taken = course.currentEnrollment
  for (let step = 0; taken < wanted && step < students.length; step += 1) {
    const student = students[(course.id * 7 + step) % students.length]
    if (student === undefined) break
    const enrolled = await enrollments.enroll({ userId: student.id, courseId: course.id })
    if (enrolled.isOk()) taken += 1
    else if (enrolled.error.type !== 'already-enrolled') orThrow(enrolled)
  }
  return orThrow(await courses.get(course.id)) ?? course
}
