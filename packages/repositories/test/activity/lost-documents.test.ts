import { leastIdAt, okAsync, type Restore, type RestoredLog } from '@headwater/core'
import { expect, test } from 'vitest'
import { sweepsOf } from '../../src/activity/resync/lost-documents.ts'

const restoredTo = new Date('2026-11-28T20:00:00Z')
const at = (seconds: number): Date => new Date(restoredTo.getTime() + seconds * 1_000)
const idAt = (seconds: number): string => leastIdAt(at(seconds))

const sweepOf = (collection: string, known: readonly string[] = []) => {
  const log: RestoredLog = { has: (id) => known.includes(id) }
  const restore: Restore = {
    restoredTo,
    openedAt: at(3_600),
    since: at(-60),
    readLog: () => okAsync(log),
  }
  const found = sweepsOf(restore, log).find((one) => one.collection === collection)
  if (found === undefined) throw new Error(`nothing looks through ${collection}`)
  return found
}

test.each(['enrollment_events', 'user_activity'])(
  'A document of %s is kept exactly where the restored log has its event',
  (collection) => {
    const { isKept } = sweepOf(collection, [idAt(5), idAt(-30)])
    expect([idAt(5), idAt(-30)].map(isKept)).toEqual([true, true])
    expect([idAt(6), idAt(-31)].map(isKept)).toEqual([false, false])
  },
)

test.each(['enrollment_events', 'user_activity'])(
  'Documents of %s are looked at from the margin before the restored moment until the opening',
  (collection) => {
    expect(sweepOf(collection).range).toEqual({ _id: { $gte: idAt(-60), $lt: idAt(3_600) } })
  },
)

test('Searches of the margin and of the time until the opening are of a lost future', () => {
  const { range, isKept } = sweepOf('search_logs', [idAt(5)])
  expect(range).toEqual({ timestamp: { $gte: at(-60), $lt: at(3_600) } })
  expect(isKept(idAt(5))).toBe(false)
})
