import { expect, test } from 'vitest'
import { httpStatusOf, invalidInput, notFound, publicFailure, retryAfterOf } from '@headwater/core'

const secret = 'postgresql://admin:hunter2@db.internal/shop'
const storeFailures = [
  ['store-unavailable', 503, 1],
  ['deadline-exceeded', 503, 1],
  ['serialization-failed', 503, 1],
  ['store-refused', 500, undefined],
  ['constraint-violated', 500, undefined],
  ['transaction-poisoned', 500, undefined],
  ['constructor', 500, undefined],
  ['__proto__', 500, undefined],
] as const

test.each(storeFailures)(
  'A %s is a %d that shows nothing of what the store said',
  (type, status, retryAfter) => {
    const failure = { type, message: secret, retryable: status === 503, store: 'postgres' }
    expect(httpStatusOf(failure)).toBe(status)
    expect(retryAfterOf(failure)).toBe(retryAfter)
    expect(publicFailure(failure)).toEqual(
      status === 503
        ? { type, message: 'not available at the moment' }
        : { type: 'internal', message: 'something went wrong here' },
    )
  },
)

test('A commit of unknown outcome is a 503 that must not be tried again blindly', () => {
  const failure = { type: 'commit-unknown', message: secret, retryable: false }
  expect([httpStatusOf(failure), retryAfterOf(failure)]).toEqual([503, undefined])
})

test('Invalid input is a 400 that names every wrong field', () => {
  const issues = [
    { field: 'email', message: 'is required' },
    { field: 'name', message: 'must not be blank' },
  ]
  expect(publicFailure(invalidInput(issues))).toEqual({
    type: 'invalid-input',
    message: 'email: is required',
    field: 'email',
    issues,
  })
})

test('A refusal keeps its message and loses its other fields', () => {
  expect(publicFailure(notFound('course', 5))).toEqual({
    type: 'not-found',
    message: 'there is no course 5',
  })
})

test("A host's statuses add types of its own and win over those of core", () => {
  const statuses = { 'coupon-expired': 422, 'not-found': 410 }
  const expired = { type: 'coupon-expired', message: 'the coupon has expired', retryable: false }
  expect(httpStatusOf(expired, statuses)).toBe(422)
  expect(httpStatusOf(notFound('course', 5), statuses)).toBe(410)
  expect(publicFailure(expired, statuses)).toEqual({
    type: 'coupon-expired',
    message: 'the coupon has expired',
  })
  expect(publicFailure(expired)).toEqual({
    type: 'internal',
    message: 'something went wrong here',
  })
})

test('The time to come back of a refused request is rounded up to whole seconds', () => {
  const refused = { type: 'rate-limited', message: '', retryable: true }
  expect(retryAfterOf({ ...refused, retryAfterMs: 1_001 })).toBe(2)
  expect(retryAfterOf({ ...refused, retryAfterMs: 3 })).toBe(1)
})
