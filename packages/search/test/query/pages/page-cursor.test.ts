import { describe, expect, it } from 'vitest'
import {
  decodeCursor,
  encodeCursor,
  positionAfter,
  startOf,
} from '../../../src/query/pages/page-cursor.ts'

const question = ['algebra', { category: 'Maths' }]
const searchId = '0198c0de-0000-7000-8000-000000000000'
const position = { searchId, depth: 50, offset: 12, lastId: 7, shown: 10 }
const forged = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url')

describe('a page cursor', () => {
  it('A cursor is read as it was written, and only for the same question', () => {
    const cursor = encodeCursor(question, position)
    expect(cursor).toMatch(/^[\w-]+$/)
    expect(decodeCursor(question, cursor)._unsafeUnwrap()).toEqual(position)
    for (const other of [
      ['algebra', {}],
      ['geometry', { category: 'Maths' }],
    ]) {
      expect(decodeCursor(other, cursor)._unsafeUnwrapErr()).toMatchObject({
        type: 'invalid-input',
        field: 'cursor',
      })
    }
  })

  const malformed = [
    '',
    'x',
    '%%%',
    forged(5),
    forged([]),
    forged(null),
    forged(['x', searchId, 50, 1, 1]),
    forged(['x', searchId, 51, 1, 1, 1]),
    forged(['x', searchId, 50, -1, 1, 1]),
    forged(['x', searchId, 50, 1e300, 1, 1]),
    forged(['x', 'no id', 50, 1, 1, 1]),
  ] as const
  it.each(malformed)('The malformed cursor %j is refused', (cursor) => {
    expect(decodeCursor(question, cursor)._unsafeUnwrapErr()).toMatchObject({
      type: 'invalid-input',
      field: 'cursor',
    })
  })

  it('A cursor finds its position again in a changed ranking', () => {
    const ranking = (...ids: number[]) => ids.map((id) => ({ id, score: 1, legs: {} }))
    const after = (...ids: number[]) =>
      startOf(ranking(...ids), { ...position, offset: 2, lastId: 7 })
    expect(after(1, 7, 3)).toBe(2)
    expect(after(9, 1, 7, 3)).toBe(3)
    expect(after(1, 3, 4)).toBe(2)
  })

  it('A ranking without the pinned courses that were shown starts at its beginning', () => {
    const ranking = (...ids: number[]) => ids.map((id) => ({ id, score: 1, legs: {} }))
    const pins = [7, 8]
    const after = positionAfter(
      ranking(7, 8, 1, 2),
      { searchId, depth: 50, offset: 2, shown: 2 },
      pins,
    )
    expect(startOf(ranking(7, 8, 1, 2), after)).toBe(2)
    expect(startOf(ranking(1, 2, 3, 8), after)).toBe(0)
    expect(startOf(ranking(1, 2, 3), after)).toBe(0)
    const later = positionAfter(ranking(7, 8, 1, 2), { ...position, offset: 3 }, pins)
    expect(startOf(ranking(1, 2, 3, 8), later)).toBe(1)
    const cursor = encodeCursor(question, after)
    expect(decodeCursor(question, cursor)._unsafeUnwrap()).toEqual(after)
  })
})
