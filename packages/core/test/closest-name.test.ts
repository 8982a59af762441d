import { expect, test } from 'vitest'
import { closestName } from '../src/closest-name.ts'

const known = ['url', 'keyPrefix', 'deadlineMs', 'connectTimeoutMs', 'required']

const mistyped: readonly [string, string | undefined][] = [
  ['prefix', 'keyPrefix'],
  ['keyprefix', 'keyPrefix'],
  ['deadline', 'deadlineMs'],
  ['conectTimeoutMs', 'connectTimeoutMs'],
  ['isRequired', 'required'],
  ['uri', 'url'],
  ['password', undefined],
  ['', undefined],
]

test.each(mistyped)('For %j the closest name is %s', (name, closest) => {
  expect(closestName(name, known)).toBe(closest)
})
