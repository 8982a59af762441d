import { describe, expect, it } from 'vitest'
import type { SearchOptions } from '../../src/query/search-options.ts'
import { queryWords } from '../../src/spelling/query-words.ts'
import { partsOf } from '../../src/typed/query-parts.ts'
import { parseSearch } from '../../src/query/search-request.ts'
import { asTyped, normalise } from '../../src/typed/normalise.ts'
import { wordQueries } from '../../src/query/word-queries.ts'

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
      category: ['AI/ML'],
      minPrice: '5.00',
      maxPrice: '10.50',
      hasSeats: true,
    })
  })

  it('Values of a filter have one form, whatever their order and number', () => {
    const filtersOf = (category: string | readonly string[], instructorId: number | number[]) =>
      parseSearch('algebra', { category, instructorId })._unsafeUnwrap().filters
    expect(filtersOf(['Music', 'AI/ML', 'Music'], [10, 9])).toEqual({
      category: ['AI/ML', 'Music'],
      instructorId: [9, 10],
    })
    expect(filtersOf('Music', 9)).toEqual(filtersOf(['Music'], [9, 9]))
    const languages = { language: ['pt-br', 'DE', 'pt-BR'] }
    expect(parseSearch('algebra', languages)._unsafeUnwrap().filters).toEqual({
      language: ['de', 'pt-BR'],
    })
  })

  const badValues: readonly [SearchOptions, string][] = [
    [{ category: [] }, 'category: must have a value'],
    [{ category: ' ' }, 'category: must not be blank'],
    [{ category: ['Music', ' '] }, 'category[1]: must not be blank'],
    [
      { instructorId: Array.from({ length: 101 }, (_, index) => index + 1) },
      'instructorId: must have at most 100 values',
    ],
    [{ difficulty: 5 } as object, 'difficulty: must be a text'],
    [
      { language: ['de', 'german'] },
      'language[1]: must be a language tag of BCP 47, for instance de or pt-BR',
    ],
  ]
  it.each(badValues)('The values of %j are refused by name', (options, message) => {
    expect(parseSearch('algebra', options)._unsafeUnwrapErr().message).toBe(message)
  })

  it('A filter that is undefined is the same as none', () => {
    const filters = { category: undefined, hasSeats: undefined, minPrice: undefined }
    expect(parseSearch('algebra', filters)).toEqual(parseSearch('algebra', {}))
  })

  const normalForms = [
    ['  Ünïcode\n\tTEXT ', 'ünïcode text'],
    ['ﬁne arts', 'fine arts'],
    ['C#', 'c#'],
    ['.NET', '.net'],
    ['(sailing, at night)!', 'sailing at night'],
    ['What? – This.', 'what this'],
    ['“The Who” --live', '"the who" -live'],
    ['front-end & "unfinish', 'front-end unfinish'],
    ['-"Front End" react', '-"front end" react'],
  ] as const
  it.each(normalForms)('The query %j is normalised to %j', (text, normal) => {
    expect(normalise(text)).toBe(normal)
    expect(normalise(normal)).toBe(normal)
  })
})

describe('a query as it was typed', () => {
  const typed = [
    ['  Ünïcode\n\tTEXT ', 'Ünïcode TEXT'],
    ['Zu\u0308rich', 'Zürich'],
    ['Which US visa?', 'Which US visa'],
    ['“The Who” --live', '"The Who" -live'],
    ['-Java !', '-Java'],
    ['"" US', 'US'],
    ['"US"-Law', '"US" -Law'],
  ] as const
  it.each(typed)(
    'A query %j keeps its case, and has the operators of its normal form: %j',
    (text, form) => {
      expect(asTyped(text)).toBe(form)
      expect(form.toLowerCase()).toBe(normalise(text))
      expect(parseSearch(text, {})._unsafeUnwrap().typed).toBe(form)
    },
  )

  it('A query that was typed in its normal form has no other', () => {
    expect(parseSearch('which visa', {})._unsafeUnwrap().typed).toBeUndefined()
  })
})

describe('the words of a query', () => {
  const asked = (query: string) => queryWords(partsOf(query).text)

  const unitsOfQueries = [
    ['machine learn', [['machine'], ['learn']]],
    ['node.js c++', [['node', 'js'], ['cplusplus']]],
    ["');drop table courses;--", [['drop'], ['table'], ['courses']]],
    [
      '机器学习',
      [
        ['机', '器'],
        ['器', '学'],
        ['学', '习'],
      ],
    ],
    ['हिन्दी', [['हिन्दी']]],
  ] as const
  it.each(unitsOfQueries)('The query %j has the words %j', (query, words) => {
    expect(asked(query).map(({ parts }) => parts)).toEqual(words)
  })

  it('A query with operators is taken apart', () => {
    expect(partsOf('"machine learning" python -beginner -"first course"')).toMatchObject({
      text: 'machine learning python',
      phrases: ['machine learning'],
      excluded: ['beginner', 'first course'],
    })
  })

  it('A minus with nothing to look for means nothing', () => {
    expect(partsOf('-algebra')).toMatchObject({ text: 'algebra', phrases: [], excluded: [] })
  })

  it('A query has at most 32 words', () => {
    expect(asked('word '.repeat(200))).toHaveLength(32)
  })

  it('Each word may be joined with its neighbours, and the last one may be unfinished', () => {
    expect(wordQueries(asked('front end'))).toEqual({
      each: ["'front'", "'end'"],
      marked: ["'front'", "'end'"],
      spellings: ["'frontend'", "'frontend'"],
      synonyms: [null, null],
      unfinished: [null, "'end':*"],
      exact: ["('front':A | 'frontend':A)", "('end':A | 'frontend':A)"],
      title: "('front':A <-> 'end':A)",
    })
    expect(wordQueries(asked('plan b')).unfinished).toEqual([null, null])
  })

  it('Each word of a query stands beside its corrections', () => {
    const corrections = new Map([['pyhton', ['python', 'pythons']]])
    expect(wordQueries(queryWords('pyhton', corrections)).spellings).toEqual([
      "('python' | 'pythons')",
    ])
  })
})
