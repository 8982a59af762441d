import { describe, expect, it } from 'vitest'
import { wordQueries, wordsOf } from '../../src/spelling/query-words.ts'
import { normalise, parseSearch } from '../../src/query/search-request.ts'

describe('a request', () => {
  it('has one form, whatever the order of its options and who asks', () => {
    const one = parseSearch('Machine  Learning', {
      category: 'AI/ML',
      minPrice: 5,
      maxPrice: '10.5',
      hasSeats: true,
      userId: 1,
    })._unsafeUnwrap()
    const other = parseSearch('ｍachine learning ', {
      userId: 2,
      hasSeats: true,
      maxPrice: 10.5,
      minPrice: '5.00',
      category: 'AI/ML',
    })._unsafeUnwrap()
    expect(JSON.stringify([one.query, one.filters])).toBe(
      JSON.stringify([other.query, other.filters]),
    )
    expect(one.filters).toEqual({
      category: 'AI/ML',
      minPrice: '5.00',
      maxPrice: '10.50',
      hasSeats: true,
    })
  })

  it('is the same without a filter as with one that filters nothing', () => {
    const filters = { category: undefined, hasSeats: undefined, minPrice: undefined }
    expect(parseSearch('algebra', filters)).toEqual(parseSearch('algebra', {}))
  })

  it.each([
    ['  Ünïcode\n\tTEXT ', 'ünïcode text'],
    ['ﬁne arts', 'fine arts'],
    ['C#', 'c#'],
  ])('normalises %j to %j', (text, normal) => {
    expect(normalise(text)).toBe(normal)
    expect(normalise(normal)).toBe(normal)
  })
})

describe('the words of a query', () => {
  const asked = (query: string) => wordQueries(wordsOf(query) ?? [])

  it.each([
    ['machine learn', 'machine & (learn | learn:*)'],
    ['c++ & go', 'c & (go | go:*)'],
    ["l'algèbre", 'l & (algèbre | algèbre:*)'],
    ["');drop table courses;--", 'drop & table & (courses | courses:*)'],
    ['plan b', 'plan & b'],
  ])('of %j are %j, the last one perhaps unfinished', (query, words) => {
    expect(asked(query).all).toBe(words)
  })

  it.each(['"machine learning"', 'python -beginner'])(
    'are left to the whole where %j says so',
    (query) => {
      expect(wordsOf(query)).toBeUndefined()
    },
  )

  it('are at most 32', () => {
    expect(asked('word '.repeat(200)).each).toHaveLength(32)
  })

  it('stand beside what they may have been meant to be', () => {
    expect(
      wordQueries(
        ['pyhton', 'begin'],
        new Map([
          ['pyhton', ['python']],
          ['begin', ['being', 'begun']],
        ]),
      ),
    ).toEqual({
      all: '(pyhton | python) & (begin | begin:* | being | begun)',
      each: ['(pyhton | python)', '(begin | begin:* | being | begun)'],
    })
  })
})
