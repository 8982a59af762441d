import type { Result } from '@headwater/core'
import fc from 'fast-check'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

/** Few enough that operations meet. */
export const [userCount, courseCount] = [5, 2]

/** The longest waiting list. */
export const maxLength = 2

/** An operation; users and courses are numbered from 0, amounts are in minor units. */
export type Operation =
  | { readonly kind: 'enroll'; readonly user: number; readonly course: number; discount: number }
  | { readonly kind: 'withdraw'; readonly user: number; readonly course: number; refund?: number }
  | { readonly kind: 'transfer'; readonly user: number; to: number; readonly course: number }
  | { readonly kind: 'progress'; readonly user: number; readonly course: number; progress: number }
  | { readonly kind: 'join' | 'leave'; readonly user: number; readonly course: number }
  | { readonly kind: 'publish' | 'unpublish' | 'lapse'; readonly course: number }
  | { readonly kind: 'resize'; readonly course: number; readonly maxStudents: number | null }
  | { readonly kind: 'reprice'; readonly course: number; readonly price: number }
  | { readonly kind: 'rush'; readonly course: number; readonly users: readonly number[] }

const user = fc.nat(userCount - 1)
const course = fc.nat(courseCount - 1)
const of = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds)

/** Any operation. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: of('enroll'),
      user,
      course,
      discount: fc.constantFrom(0, 0, 950, 4_900),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      { kind: of('withdraw'), user, course, refund: fc.constantFrom(0, 1_000, 4_900) },
      { requiredKeys: ['kind', 'user', 'course'] },
    ),
  },
  { weight: 3, arbitrary: fc.record({ kind: of('transfer'), user, to: user, course }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: of('progress'),
      user,
      course,
      progress: fc.constantFrom(0, 50, 100),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: of('join', 'join', 'leave'), user, course }) },
  { weight: 2, arbitrary: fc.record({ kind: of('publish', 'unpublish', 'lapse'), course }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: of('rush'),
      course,
      users: fc.array(user, { minLength: 2, maxLength: 8 }),
    }),
  },
  fc.record({
    kind: of('resize'),
    course,
    maxStudents: fc.constantFrom(null, 0, 1, 2, 3),
  }),
  fc.record({ kind: of('reprice'), course, price: fc.constantFrom(900, 4_900) }),
)

/** Ids of the users and courses of a run. */
export interface Ids {
  readonly users: readonly number[]
  readonly courses: readonly number[]
}

/** The repositories of one process. */
export type Process = Pick<RepositoriesFixture, 'courses' | 'enrollments' | 'waitlist' | 'stores'>

/** Carries out an operation; answers with `ok` or the type of the failure, for each of a rush. */
export async function run(process: Process, ids: Ids, given: Operation): Promise<string> {
  if (given.kind !== 'rush') return outcomeOf(await runOne(process, ids, given))
  const courseId = ids.courses[given.course] ?? 0
  const results = await Promise.all(
    given.users.map((index) =>
      process.enrollments.enroll({ userId: ids.users[index] ?? 0, courseId }),
    ),
  )
  return results.map(outcomeOf).join(' ')
}

/** Operations that meet may wait for each other. */
const patient = { deadlineMs: 60_000 }

type Outcome = Result<unknown, { readonly type: string }>

async function runOne(
  { enrollments, courses, waitlist, stores }: Process,
  ids: Ids,
  given: Exclude<Operation, { readonly kind: 'rush' }>,
): Promise<Outcome> {
  const courseId = ids.courses[given.course] ?? 0
  const key = { userId: 'user' in given ? (ids.users[given.user] ?? 0) : 0, courseId }
  switch (given.kind) {
    case 'enroll':
      return enrollments.enroll({
        ...key,
        payment: { method: 'card', discount: amount(given.discount) },
      })
    case 'withdraw':
      return enrollments.withdraw(
        { ...key, refund: given.refund === undefined ? undefined : amount(given.refund) },
        patient,
      )
    case 'transfer':
      return enrollments.transfer(
        { courseId, fromUserId: key.userId, toUserId: ids.users[given.to] ?? 0 },
        patient,
      )
    case 'progress':
      return enrollments.recordProgress({ ...key, progress: given.progress }, patient)
    case 'join':
      return waitlist.join(key, patient)
    case 'leave':
      return waitlist.leave(key, patient)
    case 'publish':
      return courses.publish(courseId, patient)
    case 'unpublish':
      return courses.unpublish(courseId, patient)
    case 'resize':
      return courses.update(courseId, { maxStudents: given.maxStudents }, patient)
    case 'reprice':
      return courses.update(courseId, { price: amount(given.price) }, patient)
    case 'lapse':
      return stores.postgres
        .query(endOffers, [courseId])
        .andThen(() => courses.update(courseId, { title: 'Algebra' }, patient))
  }
}

const endOffers = `
  UPDATE @schema.waitlist
  SET offered_at = offered_at - interval '2 days', offer_ends_at = offer_ends_at - interval '2 days'
  WHERE course_id = $1`

function amount(minorUnits: number): string {
  return (minorUnits / 100).toFixed(2)
}

function outcomeOf(result: Outcome): string {
  return result.isOk() ? 'ok' : result.error.type
}
