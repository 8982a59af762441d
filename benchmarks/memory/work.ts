import { setTimeout } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import type { Subject } from './subject.ts'

/** Rows of the subject's tables; ids begin at 1. */
export const [users, courses] = [120_000, 2_000]

/** Callers at the same time. */
const callers = 32

/** Fills the tables. */
export async function fill({ stores }: Subject): Promise<void> {
  const { pool } = stores.postgres
  await pool.query(
    `INSERT INTO users (email, username, password_hash, full_name)
     SELECT 'user' || n || '@example.com', 'user' || n, 'x', 'User ' || n
     FROM generate_series(1, $1::int) AS n`,
    [users],
  )
  await pool.query(
    `INSERT INTO courses (title, description, instructor_id, category, price, is_published)
     SELECT 'Course ' || n, repeat('All about it. ', 20), 1, 'Mathematics', 49, true
     FROM generate_series(1, $1::int) AS n`,
    [courses],
  )
  await pool.query('VACUUM ANALYZE')
}

/** Reads so many different users: each twice, so that what remembers hits is met, too. */
export async function readUsers({ users: repository }: Subject, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => index + 1).values()
  await inParallel(async () => {
    for (const id of ids) for (let turn = 0; turn < 2; turn += 1) orThrow(await repository.get(id))
  })
}

/** Work to do at a pace. */
export interface Work {
  readonly operations: number
  readonly perSecond: number
  /** Called after each tenth of it. */
  readonly onTenth: () => Promise<void>
}

/** Does all kinds of operations, on ever new keys, no faster than the pace. */
export async function work(subject: Subject, { operations, perSecond, onTenth }: Work) {
  const startedAt = performance.now()
  const kinds = kindsOf(subject)
  const turns = Array.from({ length: operations }, (_, turn) => turn).values()
  await inParallel(async () => {
    for (const turn of turns) {
      const earlyMs = startedAt + (turn * 1_000) / perSecond - performance.now()
      if (earlyMs > 0) await setTimeout(earlyMs)
      await kinds[turn % kinds.length]?.(Math.floor(turn / kinds.length))
      if ((turn + 1) % Math.ceil(operations / 10) === 0) await onTenth()
    }
  })
}

/** Waits until every event is delivered, and all activity is written. */
export async function settled({ lagEvents, activity }: Subject): Promise<void> {
  while ((await lagEvents()) > 0) await setTimeout(100)
  await activity.flush()
}

async function inParallel(caller: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: callers }, caller))
}

/** The kinds of operations, each as often as it stands here; `n` counts its own turns. */
function kindsOf(subject: Subject): readonly ((n: number) => Promise<unknown>)[] {
  const { sessions, limiter, search, activity, enrollments } = subject
  const someUser = (n: number): number => ((n * 7_919) % users) + 1
  const someCourse = (n: number): number => ((n * 7_919) % courses) + 1
  const getUser = async (n: number) => orThrow(await subject.users.get(someUser(n)))
  const getCourse = async (n: number) => orThrow(await subject.courses.get(someCourse(n)))
  const list = async (n: number) => orThrow(await enrollments.listForUser(someUser(n)))
  const visit = async (n: number) => {
    const { token } = orThrow(await sessions.create({ userId: someUser(n) }))
    orThrow(await sessions.touch(token))
    if (n % 2 === 0) orThrow(await sessions.revoke(token))
  }
  return [
    getUser,
    getCourse,
    list,
    (n) => limiter.take(`address ${n}`),
    visit,
    getUser,
    getCourse,
    async (n) => orThrow(await subject.users.get(users + n + 1)),
    async (n) => orThrow(await search.search(`course ${n % 5_000}`)),
    async (n) => {
      const data = { courseId: someCourse(n) }
      orThrow(activity.record({ userId: someUser(n), type: 'course.viewed', data }))
    },
    getUser,
    getCourse,
    list,
    async (n) => orThrow(await subject.users.update(someUser(n), { fullName: `Name ${n}` })),
    async (n) => orThrow(await subject.courses.update(someCourse(n), { title: `Title ${n}` })),
    // Seats repeat themselves after 120,000 of them.
    async (n) => enrollments.enroll({ userId: (n % users) + 1, courseId: someCourse(n) }),
  ]
}
