import { describe, expect, test } from 'vitest'
import { leastIdAt, newEventIds } from '../../../src/outbox/log/event-id.ts'

describe('the id of an event', () => {
  test('The id of an event is a UUID of version 7', () => {
    expect(newEventIds(1)[0]).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })

  test('The id of an event begins with the time in milliseconds, so ids sort by time', () => {
    expect(newEventIds(1, 0x0123_4567_89ab)[0]?.replaceAll('-', '').slice(0, 12)).toBe(
      '0123456789ab',
    )
    expect(newEventIds(1, 0xff)[0]?.slice(0, 13)).toBe('00000000-00ff')
  })

  test('No id is used twice, not even within a millisecond', () => {
    expect(new Set(newEventIds(10_000, 1)).size).toBe(10_000)
  })
})

test('The least id of a moment is below the ids of that moment and above those before it', () => {
  const moment = new Date('2026-11-28T20:00:00.123Z')
  const ids = newEventIds(100, moment.getTime())
  const earlier = newEventIds(100, moment.getTime() - 1)
  expect(ids.every((id) => id > leastIdAt(moment))).toBe(true)
  expect(earlier.every((id) => id < leastIdAt(moment))).toBe(true)
})
