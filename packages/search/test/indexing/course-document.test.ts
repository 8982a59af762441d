import { openaiEmbedder, type TextMarks } from '@headwater/search'
import { expect, it } from 'vitest'
import { generationOf } from '../../src/indexing/course-document.ts'

const generation = (marks?: TextMarks) =>
  generationOf(openaiEmbedder({ apiKey: 'k', ...(marks === undefined ? {} : { marks }) }).profile)

it('An embedder that marks its texts otherwise makes another generation, one without marks the same', () => {
  // The name of the index of every host that has no marks.
  expect(generation()).toBe('00e9748d6f7899887db005e924d67285')
  expect(generation({})).toBe(generation())
  const e5 = { query: { prefix: 'query: ' }, document: { prefix: 'passage: ' } }
  const others = [e5, { document: e5.document }, { query: { fields: { task: 'query' } } }]
  expect(new Set([...others, {}].map(generation)).size).toBe(4)
})
