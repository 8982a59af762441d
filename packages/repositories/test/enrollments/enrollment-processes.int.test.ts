import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Assignment, Word } from './enrolling-process.ts'
import { openFixture, publishedEvents } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

const script = new URL('./enrolling-process.ts', import.meta.url)
const running = new Set<ChildProcess>()
let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
  // The database's own checks would hide a seat that is sold twice behind a failure.
  for (const check of ['courses_capacity_check', 'courses_seats_offered_check'])
    orThrow(
      await fixture.stores.postgres.query(`ALTER TABLE @schema.courses DROP CONSTRAINT ${check}`),
    )
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await fixture.dispose()
})

/** Starts a process that is connected and waits for its signal. */
async function start(courseId: number, userIds: readonly number[]) {
  const child = fork(script, {
    execArgv: ['--conditions=headwater-source', '--disable-warning=ExperimentalWarning'],
  })
  running.add(child)
  const types = new Map<number, string>()
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  child.on('message', (word: Word) => {
    if (word === 'ready') resolve()
    else types.set(word.userId, word.type)
  })
  const ended = once(child, 'exit').then(() => {
    running.delete(child)
  })
  const assignment: Assignment = { options: fixture.options, courseId, userIds }
  child.send(assignment)
  await Promise.race([ready, ended])
  return {
    types,
    ended,
    go: () => child.send('go'),
    kill: () => child.kill('SIGKILL'),
    firstAnswer: () => once(child, 'message'),
  }
}

async function enrolledIn(courseId: number): Promise<number[]> {
  const { rows } = orThrow(
    await fixture.stores.postgres.query<{ user_id: number }>(
      'SELECT user_id FROM @schema.enrollments WHERE course_id = $1',
      [courseId],
    ),
  )
  return rows.map((row) => row.user_id).sort((one, other) => one - other)
}

test('Processes that sell the same seats at once sell each of them once, and every answer is true', async () => {
  const [{ id: courseId }, users] = [
    await fixture.newCourse({ maxStudents: 50 }),
    await fixture.manyUsers(300),
  ]
  const processes = await Promise.all(
    [0, 100, 200].map((from) => start(courseId, users.slice(from, from + 100))),
  )
  for (const { go } of processes) go()
  await Promise.all(processes.map(({ ended }) => ended))
  const answers = new Map(processes.flatMap(({ types }) => [...types]))
  expect(answers.size).toBe(300)
  expect(new Set(answers.values())).toEqual(new Set(['ok', 'course-full']))
  const winners = [...answers]
    .filter(([, type]) => type === 'ok')
    .map(([userId]) => userId)
    .sort((one, other) => one - other)
  expect(winners).toHaveLength(50)
  expect(await enrolledIn(courseId)).toEqual(winners)
  expect(orThrow(await fixture.courses.get(courseId))?.currentEnrollment).toBe(50)
})

/** Kills one of two processes while both sell seats of a course. */
async function killWhileSelling() {
  const [{ id: courseId }, users] = [
    await fixture.newCourse({ maxStudents: 5_000 }),
    await fixture.manyUsers(2_100),
  ]
  const [doomed, other] = await Promise.all([
    start(courseId, users.slice(0, 2_000)),
    start(courseId, users.slice(2_000)),
  ])
  const first = doomed.firstAnswer()
  doomed.go()
  other.go()
  await first
  doomed.kill()
  await Promise.all([doomed.ended, other.ended])
  expect(doomed.types.size).toBeLessThan(2_000)
  return { courseId, doomed, other }
}

test('A process killed while selling leaves a right count, an event for each seat and no false success', async () => {
  const { courseId, doomed, other } = await eventually(killWhileSelling, { timeoutMs: 200_000 })
  const told = [...doomed.types, ...other.types]
    .filter(([, type]) => type === 'ok')
    .map(([userId]) => userId)
  // PostgreSQL may still be carrying out what the killed process had sent.
  await eventually(async () => {
    const enrolled = await enrolledIn(courseId)
    expect(enrolled).toEqual(expect.arrayContaining(told))
    const {
      rows: [course],
    } = orThrow(
      await fixture.stores.postgres.query<{ count: number }>(
        'SELECT current_enrollment AS count FROM @schema.courses WHERE id = $1',
        [courseId],
      ),
    )
    expect(course?.count).toBe(enrolled.length)
    expect(await announcedIn(courseId)).toEqual(enrolled)
  })
})

/** The students according to the events. */
async function announcedIn(courseId: number): Promise<number[]> {
  const payloads = (await publishedEvents(fixture.stores))
    .filter(({ type }) => type === 'enrollment.created')
    .map(({ payload }) => payload as { courseId: number; userId: number })
  return payloads
    .filter((payload) => payload.courseId === courseId)
    .map(({ userId }) => userId)
    .sort((one, other) => one - other)
}
