import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failureOf, openFixture, publishedEvents } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

const today = {
  from: new Date(Date.now() - 86_400_000),
  to: new Date(Date.now() + 86_400_000),
}

async function paymentsOf(courseId: number) {
  const { rows } = orThrow(
    await fixture.stores.postgres.query(
      `SELECT user_id::float8, kind, amount::text, discount::text, currency, payment_method, order_id
       FROM @schema.enrollment_payment
       WHERE course_id = $1
       ORDER BY enrollment_id, kind`,
      [courseId],
    ),
  )
  return rows
}

/** Revenue of a course from PostgreSQL alone, and from the activity log. */
async function revenuesOf(courseId: number) {
  await fixture.deliver()
  const { rows } = orThrow(
    await fixture.stores.postgres.query<{ revenue: string }>(
      `SELECT coalesce(sum(amount), 0)::text AS revenue
       FROM @schema.enrollment_payment
       WHERE course_id = $1`,
      [courseId],
    ),
  )
  const days = orThrow(await fixture.activity.analytics.revenue({ ...today, courseId }))
  return {
    postgres: Math.round(Number(rows[0]?.revenue) * 100),
    log: days.reduce((sum, { minorUnits }) => sum + minorUnits, 0),
  }
}

const enrolled = async (price = '25.00') => {
  const [course, user] = [await fixture.newCourse({ price }), await fixture.newUser()]
  const key = { userId: user.id, courseId: course.id }
  orThrow(await fixture.enrollments.enroll({ ...key, payment: { method: 'card' } }))
  return key
}

test('PostgreSQL keeps price paid, discount, currency, method and order of an enrollment', async () => {
  const [course, user] = [await fixture.newCourse({ price: '49.00' }), await fixture.newUser()]
  const payment = { method: 'card', discount: '9.50', currency: 'EUR', orderId: 'order-7' }
  orThrow(await fixture.enrollments.enroll({ userId: user.id, courseId: course.id, payment }))
  expect(await paymentsOf(course.id)).toEqual([
    {
      user_id: user.id,
      kind: 'payment',
      amount: '39.50',
      discount: '9.50',
      currency: 'EUR',
      payment_method: 'card',
      order_id: 'order-7',
    },
  ])
  const [event] = (await publishedEvents(fixture.stores)).filter(
    ({ type, aggregateId }) => type === 'enrollment.created' && aggregateId === String(course.id),
  )
  expect(event?.payload).toMatchObject({
    payment: { ...payment, pricePaid: '39.50' },
  })
})

test('A price that changed since the user saw it is price-changed with the new price', async () => {
  const [course, user] = [await fixture.newCourse({ price: '10.00' }), await fixture.newUser()]
  orThrow(await fixture.courses.update(course.id, { price: '100.00' }))
  const request = { userId: user.id, courseId: course.id }
  const refused = await fixture.enrollments.enroll({ ...request, expectedPrice: '10' })
  expect(failureOf(refused)).toMatchObject({ type: 'price-changed', price: '100.00' })
  orThrow(await fixture.enrollments.enroll({ ...request, expectedPrice: 100 }))
})

test('A seat that is paid, withdrawn and paid again counts once in the revenue', async () => {
  const key = await enrolled()
  orThrow(await fixture.enrollments.withdraw(key))
  orThrow(await fixture.enrollments.enroll({ ...key, payment: { method: 'card' } }))
  expect(await revenuesOf(key.courseId)).toEqual({ postgres: 2_500, log: 2_500 })
  const withdrawn = (await publishedEvents(fixture.stores)).find(
    ({ type, aggregateId }) =>
      type === 'enrollment.withdrawn' && aggregateId === String(key.courseId),
  )
  expect(withdrawn?.payload).toMatchObject({ refund: { amount: '25.00', method: 'card' } })
})

test('A withdrawal refunds the amount that the host names, up to the price paid', async () => {
  const key = await enrolled()
  expect(failureOf(await fixture.enrollments.withdraw({ ...key, refund: '25.01' }))).toMatchObject({
    type: 'invalid-input',
    field: 'refund',
  })
  orThrow(await fixture.enrollments.withdraw({ ...key, refund: '5' }))
  expect(await revenuesOf(key.courseId)).toEqual({ postgres: 2_000, log: 2_000 })
})

test('The record of a payment outlives the user, under the pseudonym', async () => {
  const key = await enrolled()
  orThrow(await fixture.users.delete(key.userId))
  const [payment] = await paymentsOf(key.courseId)
  expect(payment).toMatchObject({ kind: 'payment', amount: '25.00' })
  expect(payment?.['user_id']).not.toBe(key.userId)
  expect(await revenuesOf(key.courseId)).toEqual({ postgres: 2_500, log: 2_500 })
})

test('A deleted course publishes enrollment.withdrawn for each student, with a full refund', async () => {
  const key = await enrolled()
  const another = await fixture.newUser()
  orThrow(await fixture.enrollments.enroll({ userId: another.id, courseId: key.courseId }))
  orThrow(await fixture.courses.delete(key.courseId))
  const events = (await publishedEvents(fixture.stores)).filter(
    ({ aggregateId }) => aggregateId === String(key.courseId),
  )
  expect(events.slice(-3).map(({ type }) => type)).toEqual([
    'enrollment.withdrawn',
    'enrollment.withdrawn',
    'course.deleted',
  ])
  expect(events.at(-3)?.payload).toMatchObject({ ...key, refund: { amount: '25.00' } })
  expect(await revenuesOf(key.courseId)).toEqual({ postgres: 0, log: 0 })
})

test('A deleted course without refunds leaves the revenue as it is', async () => {
  const key = await enrolled()
  orThrow(await fixture.courses.delete(key.courseId, { refund: 'none' }))
  expect(await revenuesOf(key.courseId)).toEqual({ postgres: 2_500, log: 2_500 })
})
