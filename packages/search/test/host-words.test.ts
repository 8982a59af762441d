import type { Stores } from '@headwater/core'
import { createCourseSearch } from '@headwater/search'
import type { CourseSearchOptions } from '@headwater/search'
import { describe, expect, it } from 'vitest'

const many = (count: number, each: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => each(index))

const refused: readonly (readonly [what: string, options: unknown, named: string])[] = [
  ['synonyms that are none', { synonyms: 5 }, 'synonyms'],
  ['a term without a letter', { synonyms: { '++': ['plus'] } }, 'synonyms.++'],
  ['a term in quotes', { synonyms: { '"js"': ['javascript'] } }, 'synonyms."js"'],
  ['a synonym behind a minus', { synonyms: { js: ['-javascript'] } }, 'synonyms.js[0]'],
  ['a synonym that is no text', { synonyms: { js: [5] } }, 'synonyms.js[0]'],
  ['a synonym that is its term', { synonyms: { js: ['JS'] } }, 'synonyms.js[0]'],
  ['a synonym of nine words', { synonyms: { js: ['a b c d e f g h i'] } }, 'synonyms.js[0]'],
  ['a term without synonyms', { synonyms: { js: [] } }, 'synonyms.js'],
  ['a list that is a text', { synonyms: { js: 'javascript' } }, 'synonyms.js'],
  ['a misspelt way', { synonyms: { js: { find: ['javascript'] } } }, 'synonyms.js'],
  ['21 synonyms', { synonyms: { js: many(21, (index) => `word ${index}`) } }, 'synonyms.js'],
  [
    '21 terms with one synonym, both ways',
    { synonyms: Object.fromEntries(many(21, (index) => `word${index}`).map((t) => [t, ['one']])) },
    'synonyms.one',
  ],
  [
    '1,001 terms',
    {
      synonyms: Object.fromEntries(
        many(1_001, (index) => `word${index}`).map((term) => [term, { finds: ['one'] }]),
      ),
    },
    'synonyms',
  ],
  ['pins that are no list', { pins: {} }, 'pins'],
  ['a pin without a query', { pins: [{ courseIds: [5] }] }, 'pins[0].query'],
  ['a pin of punctuation', { pins: [{ query: '?!', courseIds: [5] }] }, 'pins[0].query'],
  ['a pin without a course', { pins: [{ query: 'python', courseIds: [] }] }, 'pins[0].courseIds'],
  ['a pin of no id', { pins: [{ query: 'python', courseIds: [0] }] }, 'pins[0].courseIds[0]'],
  ['a course twice', { pins: [{ query: 'python', courseIds: [5, 5] }] }, 'pins[0].courseIds'],
  [
    'a query twice',
    {
      pins: [
        { query: 'python', courseIds: [5] },
        { query: ' Python ', courseIds: [7] },
      ],
    },
    'pins[1].query',
  ],
]

describe('words of the host', () => {
  it.each(refused)('A search with %s is not made, and the error names it', (_, given, named) => {
    const options = {
      courses: {},
      embedder: { profile: { dimensions: 8 } },
      ...(given as Partial<CourseSearchOptions>),
    } as CourseSearchOptions
    const stores = { beforeClose: () => undefined } as unknown as Stores
    expect(() => createCourseSearch(stores, options)).toThrow(
      expect.objectContaining({
        name: 'InvalidOptions',
        message: expect.stringContaining(`createCourseSearch: ${named}: expected`) as string,
      }),
    )
  })
})
