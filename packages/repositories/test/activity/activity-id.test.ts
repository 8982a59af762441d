import { describe, expect, test } from 'vitest'
import { ActivityIds } from '../../src/activity/activity-id.ts'

describe('ActivityIds', () => {
  test('An activity id is a UUID of version 7 that holds its moment', () => {
    const id = new ActivityIds().next(Date.UTC(2026, 4, 1))
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(Date.UTC(2026, 4, 1))
  })

  test('Ids sort in order within a millisecond, past its 4,096 ids and after a clock set back', () => {
    const ids = new ActivityIds()
    const moments = [
      ...Array<number>(10_000).fill(1_000),
      ...Array<number>(10).fill(500),
      1_001,
      1_002,
      1_003,
      5_000,
    ]
    const given = moments.map((now) => ids.next(now))
    expect(given).toEqual(given.toSorted())
    expect(new Set(given).size).toBe(moments.length)
  })

  test('Two processes make different ids at the same moment', () => {
    expect(new ActivityIds().next(1_000)).not.toBe(new ActivityIds().next(1_000))
  })
})
