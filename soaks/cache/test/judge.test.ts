import { describe, expect, test } from 'vitest'
import { type FaultWindow, judge, type Rule } from '../judge.ts'
import { type Note, type NoteKind, packNotes } from '../ledger.ts'

const ms = 1e6

/** A note about row 1; times in milliseconds. */
function note(
  kind: NoteKind,
  version: number,
  { from, to = from, key = 1 }: { from: number; to?: number; key?: number },
): Note {
  return { kind, key, version, beganAt: from * ms, endedAt: to * ms }
}

/** The notes of one writer and one reader, judged. */
function judged(
  writer: readonly Note[],
  reader: readonly Note[],
  { faults = [], rule = 'returned' }: { faults?: readonly FaultWindow[]; rule?: Rule } = {},
) {
  return judge([packNotes('writer-0', writer), packNotes('reader-0', reader)], faults, rule)
}

const committed = [note('updated', 2, { from: 10 }), note('committed', 2, { from: 10, to: 20 })]

describe('the judge of the soak', () => {
  test('The judge finds a read that began after a commit returned and gave the version before it', () => {
    const { staleReads, stale } = judged(committed, [note('read', 1, { from: 20.001, to: 21 })])
    expect(staleReads).toBe(1)
    expect(stale).toMatchObject([
      {
        process: 'reader-0',
        key: 1,
        got: 1,
        expected: 2,
        beganAt: 20.001 * ms,
        endedAt: 21 * ms,
        isPhantom: false,
      },
    ])
    expect(stale[0]?.ageMs).toBeCloseTo(0.001)
  })

  test('The judge passes a read that began before the commit returned, however late it ended', () => {
    expect(
      judged(committed, [
        note('read', 1, { from: 19.9, to: 500 }),
        note('read', 2, { from: 20.1, to: 21 }),
      ]),
    ).toMatchObject({ reads: 2, writes: 1, staleReads: 0 })
  })

  test('The judge expects the highest version known, not the last one committed', () => {
    const writes = [
      ...committed,
      note('updated', 5, { from: 12 }),
      note('committed', 5, { from: 12, to: 15 }),
    ]
    expect(judged(writes, [note('read', 1, { from: 16, to: 17 })]).stale).toMatchObject([
      { expected: 5 },
    ])
    expect(judged(writes, [note('read', 5, { from: 16, to: 17 })]).staleReads).toBe(0)
  })

  test('The judge keeps rows apart', () => {
    expect(judged(committed, [note('read', 1, { from: 30, key: 7 })]).staleReads).toBe(0)
  })

  test('A version whose commit never returned counts as known once it was seen', () => {
    const untold = [note('updated', 2, { from: 10 })]
    const seen = [note('seen', 2, { from: 11, to: 12 })]
    expect(judged(untold, [...seen, note('read', 1, { from: 11.9, to: 13 })]).staleReads).toBe(0)
    expect(judged(untold, [...seen, note('read', 1, { from: 12.1, to: 13 })]).staleReads).toBe(1)
    expect(
      judged(untold, [
        note('read', 2, { from: 11, to: 12 }),
        note('read', 1, { from: 12.1, to: 13 }),
      ]).staleReads,
    ).toBe(1)
  })

  test('By the stronger rule a version counts as known once it was seen, even before its commit returned', () => {
    const reads = [note('seen', 2, { from: 11, to: 12 }), note('read', 1, { from: 13, to: 14 })]
    expect(judged(committed, reads).staleReads).toBe(0)
    expect(judged(committed, reads, { rule: 'seen' }).staleReads).toBe(1)
  })

  test('The judge finds a read of a version that was rolled back', () => {
    const rolledBack = [
      note('updated', 2, { from: 10 }),
      note('rolled-back', 2, { from: 10, to: 12 }),
    ]
    expect(judged(rolledBack, [note('read', 2, { from: 11, to: 12 })])).toMatchObject({
      writes: 0,
      staleReads: 1,
      stale: [{ isPhantom: true }],
    })
    expect(judged(rolledBack, [note('read', 1, { from: 13, to: 14 })]).staleReads).toBe(0)
  })

  describe('of a write without Redis', () => {
    const degraded = [
      note('updated', 2, { from: 10 }),
      note('degraded', 2, { from: 15 }),
      note('committed', 2, { from: 10, to: 20 }),
    ]
    const late = [note('read', 1, { from: 120, to: 121 })]
    const cut = (process: string | undefined, isOfRedis = true): FaultWindow => ({
      fault: 'cut',
      process,
      isOfRedis,
      from: 5 * ms,
      to: 12 * ms,
    })

    test('Reads that missed a write without Redis are counted apart, with the age of the oldest', () => {
      expect(judged(degraded, late, { faults: [cut('writer-0')] })).toMatchObject({
        staleReads: 0,
        degradedReads: 1,
        degradedWrites: 1,
        maxDegradedStaleMs: 100,
      })
      expect(judged(degraded, late, { faults: [cut(undefined)] })).toMatchObject({
        staleReads: 0,
        degradedReads: 1,
      })
    })

    test('A writer that was not cut off is not excused', () => {
      expect(judged(degraded, late)).toMatchObject({
        staleReads: 1,
        degradedReads: 0,
        degradedWrites: 1,
      })
      expect(judged(degraded, late, { faults: [cut('writer-1')] })).toMatchObject({
        staleReads: 1,
        degradedReads: 0,
      })
      expect(judged(degraded, late, { faults: [cut('writer-0', false)] })).toMatchObject({
        staleReads: 1,
        degradedReads: 0,
      })
    })

    test('A write is excused by its first report of an outage, even if it reports again long after the fault', () => {
      const again = [...degraded, note('degraded', 2, { from: 9_000 })]
      expect(judged(again, late, { faults: [cut('writer-0')] })).toMatchObject({
        staleReads: 0,
        degradedReads: 1,
      })
    })

    test('An excused write excuses no other write of the same writer, whichever came first', () => {
      const untroubled = [
        note('updated', 3, { from: 16, key: 2 }),
        note('committed', 3, { from: 16, to: 18, key: 2 }),
      ]
      const reads = [...late, note('read', 1, { from: 120, to: 121, key: 2 })]
      expect(
        judged([...degraded, ...untroubled], reads, { faults: [cut('writer-0')] }),
      ).toMatchObject({ staleReads: 1, degradedReads: 1, degradedWrites: 1 })
    })

    test('A read that also missed a write with Redis is still stale', () => {
      const another = [
        ...degraded,
        note('updated', 3, { from: 30 }),
        note('committed', 3, { from: 30, to: 31 }),
      ]
      expect(judged(another, late, { faults: [cut('writer-0')] })).toMatchObject({
        staleReads: 1,
        degradedReads: 0,
      })
    })
  })

  test('Calls without an answer are counted apart from reads', () => {
    expect(
      judged([note('failed', 0, { from: 1 })], [note('failed', 0, { from: 1 })]),
    ).toMatchObject({ reads: 0, writes: 0, failed: 2, staleReads: 0 })
  })
})
