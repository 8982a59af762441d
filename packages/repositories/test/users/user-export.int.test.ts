import { createSessions, orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'

describe('users.export', () => {
  let fixture: RepositoriesFixture
  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture.dispose())

  test('An export has the whole of one user from every store, and nothing of another one', async () => {
    const { users, courses, enrollments, activity, stores } = fixture
    const [user, other] = [await fixture.newUser(), await fixture.newUser()]
    const [kept, left] = [await fixture.newCourse({}), await fixture.newCourse({})]
    const teaches = orThrow(
      await courses.create({ title: 'Taught', instructorId: user.id, price: '1.00' }),
    )
    const payment = { method: 'card', currency: 'EUR', orderId: 'order 1' }
    for (const { id } of [kept, left])
      orThrow(await enrollments.enroll({ userId: user.id, courseId: id, payment }))
    orThrow(await enrollments.enroll({ userId: other.id, courseId: kept.id }))
    orThrow(await enrollments.withdraw({ userId: user.id, courseId: left.id }))
    orThrow(await createSessions(stores).create({ userId: user.id, data: { device: 'phone' } }))
    for (const { id } of [user, other]) {
      orThrow(
        activity.record({
          userId: id,
          type: 'page.viewed',
          data: { path: '/' },
          metadata: { ipAddress: '10.0.0.1' },
        }),
      )
      orThrow(
        activity.logSearch({
          userId: id,
          query: `query of ${id}`,
          resultsCount: 0,
          searchType: 'hybrid',
          durationMs: 1,
        }),
      )
    }
    await activity.flush()
    await fixture.deliver()

    const exported = await eventually(async () => orThrow(await users.export(user.id)))
    expect(exported).toMatchObject({
      profile: user,
      enrollments: [{ userId: user.id, courseId: kept.id, progress: 0 }],
      teaches: [teaches.id],
      sessions: [{ data: { device: 'phone' } }],
      activity: expect.arrayContaining([
        expect.objectContaining({
          type: 'page.viewed',
          data: { path: '/' },
          metadata: { ipAddress: '10.0.0.1' },
        }),
      ]) as unknown,
      searches: [{ query: `query of ${user.id}` }],
    })
    expect(
      exported.payments.map(({ courseId, kind, method, orderId }) => [
        courseId,
        kind,
        method,
        orderId,
      ]),
    ).toEqual([
      [kept.id, 'payment', 'card', 'order 1'],
      [left.id, 'payment', 'card', 'order 1'],
      [left.id, 'refund', 'card', 'order 1'],
    ])
    expect(exported.enrollmentEvents).toHaveLength(3)
    const text = JSON.stringify(exported)
    expect(text).not.toMatch(/hash|token/i)
    expect(text).not.toContain(`query of ${other.id}`)
    expect(text).not.toContain(other.email)
  })

  test('An export of nobody is not-found, and a bad id invalid-input', async () => {
    expect(failureOf(await fixture.users.export(2_000_000_000))).toMatchObject({
      type: 'not-found',
    })
    expect(failureOf(await fixture.users.export(-1))).toMatchObject({
      type: 'invalid-input',
      field: 'id',
    })
  })
})
