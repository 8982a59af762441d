import { orThrow } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWaitlistFixture } from './waitlist-fixture.ts'
import type { WaitlistFixture } from './waitlist-fixture.ts'

let fixture: WaitlistFixture
let proxy: FaultProxy
/** A process that only watches, connected through the proxy. */
let watching: Awaited<ReturnType<WaitlistFixture['openAnother']>>
beforeAll(async () => {
  fixture = await openWaitlistFixture()
  proxy = await faultProxy(fixture.parts.postgres.url)
  watching = await fixture.openAnother(
    { waitlist: { lookEveryMs: 50 } },
    { ...fixture.options, postgres: { url: proxy.url, statementTimeoutMs: 2_000 } },
  )
})
afterAll(async () => {
  await watching.close()
  await fixture.dispose()
  await proxy.close()
})

const dayMs = 24 * 3_600_000

async function offered() {
  const course = await fixture.fullCourse({ seats: 1, waiting: 2 })
  const [userId = 0] = course.students
  orThrow(await fixture.enrollments.withdraw({ userId, courseId: course.courseId }))
  return { ...course, holder: course.waiting[0] ?? 0, next: course.waiting[1] ?? 0 }
}

describe('the watch for offers', () => {
  test('An offer that has ended goes to the next user without any call, in whichever process is alive', async () => {
    const { courseId, holder, next } = await offered()
    await fixture.moveOffers(courseId, -2 * dayMs)
    await eventually(async () => {
      expect(await fixture.listOf(courseId)).toEqual([[next, 'offered']])
    })
    expect((await fixture.eventsOf(courseId)).slice(-2)).toEqual([
      `waitlist.lapsed ${holder}`,
      `waitlist.offered ${next}`,
    ])
    expect(orThrow(await fixture.courses.get(courseId))?.seatsOffered).toBe(1)
    await fixture.expectRightCounts(courseId)
  })

  test('The last offer that ends frees the seat for everyone', async () => {
    const { courseId, holder, next } = await offered()
    orThrow(await fixture.waitlist.leave({ userId: next, courseId }))
    await fixture.moveOffers(courseId, -2 * dayMs)
    const stranger = (await fixture.newUser()).id
    await eventually(async () => {
      expect(orThrow(await fixture.courses.get(courseId))?.seatsOffered).toBe(0)
    })
    orThrow(await fixture.enrollments.enroll({ userId: stranger, courseId }))
    expect((await fixture.eventsOf(courseId)).at(-1)).toBe(`waitlist.lapsed ${holder}`)
    await fixture.expectRightCounts(courseId)
  })

  test('A clock that is set back makes no offer last longer than twice its length', async () => {
    const [short, long] = [await offered(), await offered()]
    await fixture.moveOffers(short.courseId, 0.5 * dayMs)
    await fixture.moveOffers(long.courseId, 365 * dayMs)
    await eventually(async () => {
      const events = await fixture.eventsOf(long.courseId)
      expect(events.slice(-2)).toEqual(Array(2).fill(`waitlist.offered ${long.holder}`))
    })
    const endOf = async ({ courseId, holder: userId }: typeof long) =>
      orThrow(await fixture.waitlist.get({ userId, courseId }))?.offerEndsAt?.getTime() ?? 0
    expect(await endOf(long)).toBeLessThan(Date.now() + 1.1 * dayMs)
    // What the user was told still holds after a small step.
    expect(await endOf(short)).toBeGreaterThan(Date.now() + 1.4 * dayMs)
  })

  test('Places that a release without waiting lists left behind are counted and offered', async () => {
    const { courseId, students, waiting } = await fixture.fullCourse({ seats: 1, waiting: 2 })
    orThrow(
      await fixture.stores.postgres.query(
        `WITH withdrawn AS (
           DELETE FROM @schema.enrollments WHERE user_id = $1 AND course_id = $2
         ), deleted AS (
           DELETE FROM @schema.users WHERE id = $3
         )
         UPDATE @schema.courses SET current_enrollment = 0 WHERE id = $2`,
        [students[0], courseId, waiting[0]],
      ),
    )
    await eventually(async () => {
      expect(await fixture.listOf(courseId)).toEqual([[waiting[1], 'offered']])
    })
    await fixture.expectRightCounts(courseId)
  })

  test('A PostgreSQL that hangs delays the watch, is reported, and ends neither it nor the process', async () => {
    const { courseId, next } = await offered()
    const reported = new Promise((resolve) => {
      watching.stores.diagnostics.on('store:error', resolve)
    })
    proxy.hang()
    await fixture.moveOffers(courseId, -2 * dayMs)
    expect(await reported).toMatchObject({ store: 'postgres' })
    proxy.restore()
    await eventually(async () => {
      expect(await fixture.listOf(courseId)).toEqual([[next, 'offered']])
    })
  })
})
