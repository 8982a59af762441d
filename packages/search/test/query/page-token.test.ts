import { describe, expect, it } from 'vitest'
import { beginningOf, pageToken, readPageToken } from '../../src/query/page-token.ts'

const question = ['algebra', { category: 'Maths' }]
const position = { depth: 50, offset: 12, lastId: 7, shown: 10 }
const forged = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url')

describe('a page token', () => {
  it('is read as it was made, by the same question only', () => {
    const token = pageToken(question, position)
    expect(token).toMatch(/^[\w-]+$/)
    expect(readPageToken(question, token)._unsafeUnwrap()).toEqual(position)
    for (const other of [
      ['algebra', {}],
      ['geometry', { category: 'Maths' }],
    ]) {
      expect(readPageToken(other, token)._unsafeUnwrapErr()).toMatchObject({
        type: 'invalid-input',
        field: 'page',
      })
    }
  })

  it.each([
    '',
    'x',
    '%%%',
    forged(5),
    forged([]),
    forged(null),
    forged(['x', 50, 1, 1]),
    forged(['x', 51, 1, 1, 1]),
    forged(['x', 50, -1, 1, 1]),
    forged(['x', 50, 1e300, 1, 1]),
  ])('refuses %j', (token) => {
    expect(readPageToken(question, token)._unsafeUnwrapErr()).toMatchObject({
      type: 'invalid-input',
      field: 'page',
    })
  })

  it('finds its place again in a ranking that has changed', () => {
    const ranking = (...ids: number[]) => ids.map((id) => ({ id, score: 1, legs: {} }))
    const after = (...ids: number[]) =>
      beginningOf(ranking(...ids), { ...position, offset: 2, lastId: 7 })
    expect(after(1, 7, 3)).toBe(2)
    expect(after(9, 1, 7, 3)).toBe(3)
    expect(after(1, 3, 4)).toBe(2)
  })
})
