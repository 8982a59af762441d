import { err, FailureError, notFound, ok, okAsync, orThrow } from '@headwater/core'
import { expect, test } from 'vitest'

test('orThrow returns the value of an Ok and throws the failure of an Err', () => {
  expect(orThrow(ok(5))).toBe(5)
  expect(() => orThrow(err(notFound('course', 5)))).toThrow(FailureError)
})

test('orThrow without an await says what is missing', () => {
  const promise = okAsync(5) as unknown as Parameters<typeof orThrow>[0]
  expect(() => orThrow(promise)).toThrow(
    new TypeError('orThrow: expected a Result, got a promise: await it'),
  )
})
