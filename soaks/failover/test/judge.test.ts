import { describe, expect, test } from 'vitest'
import { type Note, type NoteKind, packNotes } from '../../cache/ledger.ts'
import { History, judgeSessions } from '../judge.ts'
import { type Mode, type Promotion, versionsPerEpoch } from '../promotion.ts'

const ms = 1e6

/** A promotion at a time in milliseconds, after which processes reach the primary 10 ms later. */
function promotion(mode: Mode, at: number, isSaid = false): Promotion {
  return { mode, isHeld: false, killedAt: at * ms, openedAt: (at + 10) * ms, isSaid }
}

/** A note about row 1, or another key; times in milliseconds. */
function note(
  kind: NoteKind,
  version: number,
  { from, to = from, key = 1 }: { from: number; to?: number; key?: number },
): Note {
  return { kind, key, version, beganAt: from * ms, endedAt: to * ms }
}

/** Versions 101 and 102 of the first epoch, and 103 that is lost with it unless it is kept. */
const [first, second, third] = [101, 102, 103]
const next = versionsPerEpoch + 1
const writes = [
  note('committed', first, { from: 5, to: 10 }),
  note('committed', second, { from: 15, to: 20 }),
  note('committed', third, { from: 35, to: 40 }),
]

function historyOf(
  promotions: readonly Promotion[],
  { kept = [first, second], notes = writes }: { kept?: number[]; notes?: readonly Note[] } = {},
): History {
  const rows = kept.map((version) => ({ id: 1, version }))
  return new History({ promotions, kept: rows, notes: [packNotes('writer-0', notes)] })
}

function judged(history: History, ...reads: readonly Note[]) {
  const { stale, early } = history.judgeReads([packNotes('reader-0', reads)])
  return { stale: stale.length, early }
}

const lossy = [promotion('asynchronous', 100)]

describe('the judge of reads through failovers', () => {
  test('A read that began after a commit returned and gave the version before it is stale', () => {
    const history = historyOf(lossy)
    expect(judged(history, note('read', first, { from: 21 }))).toEqual({ stale: 1, early: 0 })
    expect(judged(history, note('read', first, { from: 19, to: 50 })).stale).toBe(0)
    expect(judged(history, note('read', second, { from: 21 })).stale).toBe(0)
  })

  test('A version that is lost later is missed by reads while its server is alive, and by no others', () => {
    const history = historyOf(lossy)
    expect(judged(history, note('read', second, { from: 41, to: 99 })).stale).toBe(1)
    expect(judged(history, note('read', second, { from: 41, to: 101 })).stale).toBe(0)
    expect(judged(history, note('read', second, { from: 120 })).stale).toBe(0)
  })

  test('A read of a lost version is stale once the operator is done, and early before that', () => {
    const history = historyOf(lossy)
    expect(judged(history, note('read', third, { from: 50 }))).toEqual({ stale: 0, early: 0 })
    expect(judged(history, note('read', third, { from: 105 }))).toEqual({ stale: 0, early: 1 })
    expect(judged(history, note('read', third, { from: 111 }))).toEqual({ stale: 1, early: 0 })
  })

  test('A version that no server ever had is stale', () => {
    expect(judged(historyOf(lossy), note('read', next, { from: 120 })).stale).toBe(1)
  })

  test('A read after a failover misses no version that was kept, of whichever epoch', () => {
    const notes = [...writes, note('committed', next, { from: 115, to: 120 })]
    const history = historyOf(lossy, { kept: [first, second, next], notes })
    expect(judged(history, note('read', second, { from: 121 })).stale).toBe(1)
    expect(judged(history, note('read', next, { from: 121 })).stale).toBe(0)
  })

  test('A version whose commit never returned counts from its first sighting', () => {
    const notes = [writes[0]!, note('updated', second, { from: 15 })]
    const seen = note('seen', second, { from: 18, to: 30 })
    const read = note('read', first, { from: 25 })
    expect(judged(historyOf(lossy, { notes: [...notes, seen] }), read).stale).toBe(0)
    expect(
      judged(historyOf(lossy, { notes: [...notes, seen] }), note('read', first, { from: 31 }))
        .stale,
    ).toBe(1)
  })

  test('A write without Redis may be unknown to others for a second and a half', () => {
    const notes = [...writes, note('degraded', second, { from: 18 })]
    const history = historyOf([], { kept: [first, second], notes: notes.filter(isNotThird) })
    expect(judged(history, note('read', first, { from: 1_500 })).stale).toBe(0)
    expect(judged(history, note('read', first, { from: 1_521 })).stale).toBe(1)
  })
})

function isNotThird({ version }: Note): boolean {
  return version !== third
}

describe('the judge of acknowledged commits', () => {
  test('A commit that is kept is no loss', () => {
    const history = historyOf(lossy, { kept: [first, second, third] })
    expect(history.judgeCommits()).toEqual({ broken: [], said: [], unsaid: [] })
  })

  test('A commit that is gone after synchronous replication breaks the promise', () => {
    const { broken, unsaid } = historyOf([promotion('synchronous', 100)]).judgeCommits()
    expect({ broken, unsaid }).toEqual({ broken: [`1@${third}`], unsaid: [] })
  })

  test('A commit that is gone although its server is still the primary breaks the promise', () => {
    expect(historyOf([]).judgeCommits().broken).toEqual([`1@${third}`])
  })

  test('A commit that is gone after asynchronous replication must be said', () => {
    expect(historyOf(lossy).judgeCommits()).toEqual({
      broken: [],
      said: [],
      unsaid: [`1@${third}`],
    })
    expect(historyOf([promotion('asynchronous', 100, true)]).judgeCommits()).toEqual({
      broken: [],
      said: [`1@${third}`],
      unsaid: [],
    })
  })

  test('A commit that was never acknowledged may be gone', () => {
    const notes = [note('failed', third, { from: 35, to: 40 })]
    expect(historyOf([promotion('synchronous', 100)], { notes }).judgeCommits().broken).toEqual([])
  })
})

describe('the judge of effects', () => {
  const kept = [first, second, next].map((version) => ({ id: 1, version }))
  const history = historyOf(lossy, { kept: [first, second, next] })
  const names = (...versions: number[]) => versions.map((version) => `1@${version}`)

  test('Effects of a lost future are left out', () => {
    expect(history.judgeEffects(kept, names(first, second, third, next))).toEqual({
      lost: [],
      outOfOrder: [],
      duplicates: [],
    })
  })

  test('A missing effect, a second one and one out of order are found', () => {
    expect(history.judgeEffects(kept, names(first, next)).lost).toEqual(names(second))
    expect(history.judgeEffects(kept, names(first, second, first, next)).duplicates).toEqual(
      names(first),
    )
    expect(history.judgeEffects(kept, names(first, next, second)).outOfOrder).toEqual(names(second))
  })

  test('An effect of a commit that synchronous replication does not have is no effect of anything', () => {
    const synchronous = historyOf([promotion('synchronous', 100)], { kept: [first, second, next] })
    const { duplicates } = synchronous.judgeEffects(kept, names(first, second, third, next))
    expect(duplicates).toEqual(names(third))
  })
})

describe('the judge of seats', () => {
  const both = [promotion('synchronous', 100), promotion('asynchronous', 200)]
  const seat = { key: 7 }
  const judge = (...acknowledged: readonly Note[]) =>
    historyOf(both).judgeSeats([packNotes('seller-0', acknowledged)], [{ course: 7, user: 1 }])

  test('A seat that is there is no loss', () => {
    const none = { broken: [], said: [], unsaid: [] }
    expect(judge(note('committed', 1, { from: 50, ...seat }))).toEqual(none)
  })

  test('A seat that is gone belongs to the epoch in which it was taken', () => {
    expect(judge(note('committed', 2, { from: 50, ...seat })).broken).toHaveLength(1)
    expect(judge(note('committed', 2, { from: 150, ...seat })).unsaid).toHaveLength(1)
    expect(judge(note('committed', 2, { from: 250, ...seat })).broken).toHaveLength(1)
  })

  test('A seat whose call outlived a promotion may have been taken on either side', () => {
    expect(judge(note('committed', 2, { from: 90, to: 150, ...seat })).unsaid).toHaveLength(1)
  })
})

describe('the judge of sessions', () => {
  const ended = note('committed', 1, { from: 10, to: 20, key: 3 })
  const judge = (...notes: readonly Note[]) => judgeSessions([packNotes('keeper-0', notes)])

  test('A session that is found after its end was acknowledged is revived', () => {
    expect(judge(ended, note('read', 0, { from: 21, key: 3 }))).toHaveLength(1)
  })

  test('A session that is not found, is found before its end, or never ended is none', () => {
    expect(judge(ended, note('read', 1, { from: 21, key: 3 }))).toEqual([])
    expect(judge(ended, note('read', 0, { from: 19, to: 30, key: 3 }))).toEqual([])
    expect(judge(ended, note('read', 0, { from: 21, key: 4 }))).toEqual([])
  })
})
