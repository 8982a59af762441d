import { expect, test } from 'vitest'
import { FailureError, failureIn } from '../../src/index.ts'

const failure = { type: 'course-full', message: 'no seat is free', retryable: false } as const

test('A failure is found in an error of another copy of the package', async () => {
  const copy = '../../src/failure/failure-error.ts?another-copy'
  const other = (await import(copy)) as { FailureError: typeof FailureError }
  expect(other.FailureError).not.toBe(FailureError)
  expect(failureIn(new other.FailureError(failure))).toBe(failure)
})

test('No failure is found in what is no FailureError', () => {
  for (const error of [Object.assign(new Error('full'), { failure }), { failure }, 'full', null])
    expect(failureIn(error)).toBeUndefined()
})
