import { describe, expect, test } from 'vitest'
import { newEventId } from '../../src/outbox/event-id.ts'

describe('the id of an event', () => {
  test('is a UUID of version 7', () => {
    expect(newEventId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test('begins with the time in milliseconds, so that ids sort by it', () => {
    expect(newEventId(0x0123_4567_89ab).replaceAll('-', '').slice(0, 12)).toBe('0123456789ab')
    expect(newEventId(0xff).slice(0, 13)).toBe('00000000-00ff')
  })

  test('is never given twice, not even within a millisecond', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newEventId(1))).size).toBe(10_000)
  })
})
