import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { database, type Platform } from './platform.ts'

/** What was done, acknowledged, and may be looked for later. */
export interface Ledger {
  readonly users: number[]
  readonly courses: number[]
  /** Tokens of sessions. */
  readonly tokens: string[]
  /** Transactions that were acknowledged. */
  commits: number
}

export function emptyLedger(): Ledger {
  return { users: [], courses: [], tokens: [], commits: 0 }
}

/**
 * Goes through what users do: a teacher offers a course, a student registers, signs in, searches,
 * looks at the course and enrolls. `part` makes names unique.
 */
export async function work(
  platform: Platform,
  ledger: Ledger,
  { part, rounds }: { readonly part: string; readonly rounds: number },
): Promise<void> {
  const teacher = await register(platform, ledger, `teacher-${part}`)
  for (let round = 0; round < rounds; round += 1) {
    const courseId = await offer(platform, ledger, {
      title: `Algebra of ${part} ${round}`,
      instructorId: teacher,
    })
    const userId = await register(platform, ledger, `student-${part}-${round}`)
    await attend(platform, ledger, { userId, courseId })
  }
}

/** Signs in, searches, looks at a course and enrolls. Fills the caches of what it reads. */
async function attend(
  { courses, enrollments, activity, search, sessions }: Platform,
  ledger: Ledger,
  { userId, courseId }: { readonly userId: number; readonly courseId: number },
): Promise<void> {
  const { token } = orThrow(await sessions.create({ userId }))
  ledger.tokens.push(token)
  orThrow(await search.search('algebra', { userId }))
  orThrow(activity.record({ userId, type: 'course.viewed', data: { courseId } }))
  orThrow(await activity.recordDurably({ userId, type: 'terms.accepted' }))
  const payment = { method: 'credit_card', discount: 1 }
  orThrow(await enrollments.enroll({ userId, courseId, payment }))
  ledger.commits += 2
  orThrow(await enrollments.listForUser(userId))
  orThrow(await courses.get(courseId))
}

/** Changes what was there already, so that every store holds it in a younger state. */
export async function change(platform: Platform, before: Ledger, ledger: Ledger): Promise<void> {
  const { courses, enrollments } = platform
  const [courseId = 0, another = 0] = before.courses
  const [, student = 0] = before.users
  orThrow(await courses.update(courseId, { title: 'Geometry of a lost future' }))
  orThrow(await courses.get(courseId))
  orThrow(await enrollments.withdraw({ userId: student, courseId }))
  orThrow(await courses.unpublish(another))
  ledger.commits += 3
}

/** Waits until every store has what was done. */
export async function settle({ relay, stores, activity }: Platform): Promise<void> {
  orThrow(await relay.drain({ deadlineMs: 60_000 }))
  // Recorded last, written last: then all that was buffered is written.
  const id = orThrow(activity.record({ type: 'drill.settled' }))
  await eventually(
    async () => {
      const found = await stores.mongodb?.client
        .db(database)
        .collection<{ _id: string }>('user_activity')
        .findOne({ _id: id })
      if (found == null) throw new Error('the activity is not written yet')
    },
    { timeoutMs: 60_000 },
  )
}

async function register({ users }: Platform, ledger: Ledger, name: string): Promise<number> {
  const { id } = orThrow(
    await users.create({
      email: `${name}@example.com`,
      username: name,
      passwordHash: 'x'.repeat(60),
      role: name.startsWith('teacher') ? 'instructor' : 'student',
    }),
  )
  orThrow(await users.get(id))
  ledger.users.push(id)
  ledger.commits += 1
  return id
}

async function offer(
  { courses }: Platform,
  ledger: Ledger,
  course: { readonly title: string; readonly instructorId: number },
): Promise<number> {
  const { id } = orThrow(await courses.create({ ...course, price: '49.00', category: 'Science' }))
  orThrow(await courses.publish(id))
  ledger.courses.push(id)
  ledger.commits += 2
  return id
}
