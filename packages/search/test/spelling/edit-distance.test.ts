import { describe, expect, it } from 'vitest'
import { editDistance } from '../../src/spelling/edit-distance.ts'

describe('the distance of two words', () => {
  const distances = [
    ['python', 'python', 0],
    ['pyhton', 'python', 1],
    ['lerning', 'learning', 1],
    ['beginners', 'beginers', 1],
    ['cryptografy', 'cryptography', 2],
    ['köln', 'koln', 1],
    ['', 'ab', 2],
    ['ca', 'abc', 3],
  ] as const
  it.each(distances)('The edit distance of %j and %j is %d', (one, other, distance) => {
    expect(editDistance(one, other, 3)).toBe(distance)
    expect(editDistance(other, one, 3)).toBe(distance)
  })

  it('An edit distance above the maximum is not counted further', () => {
    expect(editDistance('kitten', 'sitting', 2)).toBe(3)
    expect(editDistance('kitten', 'mathematics', 2)).toBe(3)
    expect(editDistance('x'.repeat(500), 'y'.repeat(500), 1)).toBe(2)
  })
})
