import { orThrow } from '@headwater/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EnrollmentModel } from './model/enrollment-model.ts'
import { courseCount, maxLength, operation, run, userCount } from './model/operations.ts'
import type { Ids, Operation } from './model/operations.ts'
import { readState, stateOf } from './model/state.ts'
import { openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
let other: Awaited<ReturnType<RepositoriesFixture['openAnother']>>
beforeAll(async () => {
  fixture = await openFixture({
    repositories: { waitlist: { maxLength, lookEveryMs: 24 * 3_600_000 } },
  })
  other = await fixture.openAnother()
})
afterAll(async () => {
  await other.close()
  await fixture.dispose()
})

async function newIds(): Promise<Ids> {
  const courses = await Promise.all(
    Array.from(
      { length: courseCount },
      async () => (await fixture.newCourse({ maxStudents: 2 })).id,
    ),
  )
  return { users: await fixture.manyUsers(userCount), courses: courses.sort((a, b) => a - b) }
}

/** Carries out operations in the repositories and in a model; throws where the two differ. */
async function compare(operations: readonly Operation[]): Promise<Map<number, number>> {
  const [ids, model] = [await newIds(), new EnrollmentModel()]
  for (const given of operations) {
    expect([given, await run(fixture, ids, given)]).toEqual([given, model.apply(given)])
    expect(await readState(fixture, ids)).toEqual(stateOf(model, ids))
  }
  return new Map(ids.courses.map((id, at) => [id, model.courses[at]?.revenue ?? 0]))
}

const manyOperations = fc.array(operation, { minLength: 5, maxLength: 30 })

describe('enrollments', () => {
  test('Seats, waiting lists, counts and sums are those of a model in memory after each operation', async () => {
    const revenues = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(manyOperations, async (operations) => {
        for (const [id, revenue] of await compare(operations)) revenues.set(id, revenue)
      }),
      { numRuns: 15 },
    )
    await fixture.deliver()
    const dayMs = 86_400_000
    const period = { from: new Date(Date.now() - dayMs), to: new Date(Date.now() + dayMs) }
    const logged = orThrow(await fixture.activity.analytics.revenue(period))
    const sums = new Map([...revenues].map(([id]) => [id, 0]))
    for (const { courseId, minorUnits } of logged)
      if (sums.has(courseId)) sums.set(courseId, (sums.get(courseId) ?? 0) + minorUnits)
    expect(sums).toEqual(revenues)
  })

  test('Concurrent operations of two processes sell no seat twice, and every cache is right', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 20, maxLength: 40 }),
        async (operations) => {
          const ids = await newIds()
          const outcomes = await Promise.all(
            operations.map((given, index) => run(index % 2 === 0 ? fixture : other, ids, given)),
          )
          expect(new Set(outcomes.flatMap((outcome) => outcome.split(' ')))).toEqual(
            new Set(outcomes.flatMap((outcome) => outcome.split(' ')).filter(isExpected)),
          )
          await expectConsistent(ids)
        },
      ),
      { numRuns: 10 },
    )
  })

  const breaks = [
    [
      'does not release a seat',
      'courses',
      'UPDATE',
      'NEW.current_enrollment := greatest(NEW.current_enrollment, OLD.current_enrollment)',
    ],
    ['does not count a refund', 'enrollment_ended', 'INSERT', 'NEW.refunded := 0'],
    ['offers no seat', 'waitlist', 'UPDATE', 'NEW := OLD'],
  ] as const
  test.each(breaks)('Control: a database that %s is found', async (_what, table, event, code) => {
    const change = (text: string) => fixture.stores.postgres.query(text)
    orThrow(
      await change(`CREATE FUNCTION @schema.break() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN ${code}; RETURN NEW; END $$`),
    )
    orThrow(
      await change(`CREATE TRIGGER break BEFORE ${event} ON @schema.${table}
        FOR EACH ROW EXECUTE FUNCTION @schema.break()`),
    )
    const property = fc.asyncProperty(manyOperations, async (operations) => {
      await compare(operations)
    })
    // One of about twelve sequences finds a break, so that a thousand never miss it.
    const { failed } = await fc.check(property, { numRuns: 1_000, endOnFailure: true })
    orThrow(await change('DROP FUNCTION @schema.break CASCADE'))
    expect(failed).toBe(true)
  })
})

const refusals = [
  'already-enrolled',
  'already-waiting',
  'course-full',
  'course-not-published',
  'invalid-input',
  'not-enrolled',
  'not-waiting',
  'seats-available',
  'waitlist-full',
]

function isExpected(outcome: string): boolean {
  return outcome === 'ok' || refusals.includes(outcome)
}

/** Asserts that counts equal rows, that no seat is sold or held twice, and that caches show it. */
async function expectConsistent(ids: Ids): Promise<void> {
  const shown = await readState(fixture, ids)
  for (const [at, { currentEnrollment, seatsOffered, maxStudents }] of shown.courses.entries()) {
    const [rows, places] = [shown.rows[at], shown.places[at] ?? []]
    expect(shown.students[at]).toEqual(rows?.students)
    const offers = places.filter(([, state]) => state === 'offered').length
    expect(rows?.counts).toEqual([rows?.students.length, places.length, offers])
    expect([currentEnrollment, seatsOffered]).toEqual([rows?.students.length, offers])
    expect((currentEnrollment ?? 0) + offers).toBeLessThanOrEqual(maxStudents ?? Infinity)
  }
  for (const [index, userId] of ids.users.entries())
    expect(shown.lists[index]?.map((item) => item.courseId)).toEqual(
      ids.courses.filter((_, at) => shown.rows[at]?.students.includes(userId)),
    )
}
