import { describe, expect, it } from 'vitest'
import { wordQueries, wordsOf } from '../../src/spelling/query-words.ts'
import { normalise, parseSearch } from '../../src/query/search-request.ts'

describe('a request', () => {
  it('Equal searches have one form, whatever the order of their options and the user', () => {
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

  it('A filter that is undefined is the same as none', () => {
    const filters = { category: undefined, hasSeats: undefined, minPrice: undefined }
    expect(parseSearch('algebra', filters)).toEqual(parseSearch('algebra', {}))
  })

  const normalForms = [
    ['  Ünïcode\n\tTEXT ', 'ünïcode text'],
    ['ﬁne arts', 'fine arts'],
    ['C#', 'c#'],
  ] as const
  it.each(normalForms)('The query %j is normalised to %j', (text, normal) => {
    expect(normalise(text)).toBe(normal)
    expect(normalise(normal)).toBe(normal)
  })
})

describe('the words of a query', () => {
  const asked = (query: string) => wordQueries(wordsOf(query) ?? [])

  const wordsOfQueries = [
    ['machine learn', 'machine & (learn | learn:*)'],
    ['c++ & go', 'c & (go | go:*)'],
    ["l'algèbre", 'l & (algèbre | algèbre:*)'],
    ["');drop table courses;--", 'drop & table & (courses | courses:*)'],
    ['plan b', 'plan & b'],
  ] as const
  it.each(wordsOfQueries)(
    'The words of %j become %j, the last one perhaps unfinished',
    (query, words) => {
      expect(asked(query).all).toBe(words)
    },
  )

  it.each(['"machine learning"', 'python -beginner'])(
    'The query %j has operators and is not split into words',
    (query) => {
      expect(wordsOf(query)).toBeUndefined()
    },
  )

  it('A query has at most 32 words', () => {
    expect(asked('word '.repeat(200)).each).toHaveLength(32)
  })

  it('Each word of a query stands beside its corrections', () => {
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
