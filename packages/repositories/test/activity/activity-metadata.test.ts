import { validate } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { ActivityCheck } from '../../src/activity/activity-check.ts'
import { activityInput } from '../../src/activity/activity-input.ts'
import type { ActivityMetadata } from '../../src/activity/activity.ts'

const check = new ActivityCheck({})
const schema = activityInput({})

/** The metadata that both ways of checking store; they must agree. */
function storedOf(metadata: ActivityMetadata): ActivityMetadata | undefined {
  const event = { type: 'course.viewed', metadata }
  const byHand = check.accept(event)?.metadata
  const bySchema = validate(schema, event).unwrapOr(undefined)?.metadata
  expect(byHand).toEqual(bySchema)
  return byHand
}

const leftOut: readonly (readonly [what: string, metadata: ActivityMetadata])[] = [
  ['an empty user agent', { userAgent: '' }],
  ['a blank referrer', { referrer: ' \t' }],
  ['a user agent with NUL', { userAgent: 'a\0b' }],
  ['a referrer with a lone surrogate', { referrer: 'a\ud800' }],
  ['an address that is too long', { ipAddress: '1'.repeat(46) }],
]

describe('metadata of activity', () => {
  test('A user agent and a referrer that are too long are cut, and the activity is kept', () => {
    expect(
      storedOf({ userAgent: 'x'.repeat(1_001), referrer: `https://a/?${'y'.repeat(2_000)}` }),
    ).toEqual({ userAgent: 'x'.repeat(1_000), referrer: `https://a/?${'y'.repeat(1_989)}` })
  })

  test('A user agent is never cut within a character', () => {
    expect(storedOf({ userAgent: `${'x'.repeat(999)}😀` })).toEqual({ userAgent: 'x'.repeat(999) })
  })

  test.each(leftOut)('An activity with %s is kept without it', (_what, metadata) => {
    expect(storedOf({ ...metadata })).toEqual({})
  })

  test('Metadata that is not a text is still refused', () => {
    const event = { type: 'course.viewed', metadata: { userAgent: 5 } }
    expect(check.accept(event)).toBeUndefined()
    expect(validate(schema, event).isErr()).toBe(true)
  })
})
