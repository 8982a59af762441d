import { describe, expect, it } from 'vitest'
import { askedWords } from '../../../src/query/highlights/asked-words.ts'
import {
  descriptionMarks,
  excerptOf,
  rangesIn,
  titleMarks,
} from '../../../src/query/highlights/highlights.ts'
import { textWords } from '../../../src/query/highlights/text-words.ts'

const stems = {
  formsOf: (asked: string) => new Set([asked]),
  isCommon: (asked: string) => asked === 'to',
}

/** A set that counts how often it is asked. */
class CountingSet extends Set<string> {
  asked = 0
  override has(word: string): boolean {
    this.asked += 1
    return super.has(word)
  }
}

describe('marks', () => {
  const query = `${Array.from({ length: 30 }, (_, index) => `word${index}`).join(' ')} "in a row"`
  const text = 'word1 in a row, other words '.repeat(300)

  it('Each word of a text is looked up once, however many words are asked for', () => {
    const asked = askedWords(query, {})
    expect(asked.words.size).toBeGreaterThan(30)
    let taken = 0
    const formsOf = (word: string): CountingSet => {
      taken += 1
      return new CountingSet([word])
    }
    const marks = titleMarks(asked, { ...stems, formsOf })
    const words = new CountingSet(marks.words)
    const before = taken
    const found = textWords(text)
    expect(rangesIn(found, { ...marks, words })).toHaveLength(600)
    expect(words.asked).toBe(found.length)
    expect(taken).toBe(before)
    const inRow = [...marks.rows.values()].flat(2) as CountingSet[]
    expect(inRow.reduce((sum, { asked: times }) => sum + times, 0)).toBe(900)
  })

  it('At most 16 quoted texts are marked', () => {
    const quoted = Array.from({ length: 40 }, (_, index) => `"quoted text ${index}"`).join(' ')
    expect(askedWords(quoted, {}).rows).toHaveLength(16)
  })

  it('A common word that ends a query marks titles and no description', () => {
    const asked = askedWords('introduction to', {})
    const of = (marks: typeof titleMarks): string[] =>
      rangesIn(textWords('Introduction to tools'), marks(asked, stems)).map(({ start, end }) =>
        'Introduction to tools'.slice(start, end),
      )
    expect(of(titleMarks)).toEqual(['Introduction', 'to', 'tools'])
    expect(of(descriptionMarks)).toEqual(['Introduction'])
  })

  it('The excerpt of a text that is marked throughout is the beginning', () => {
    const marks = titleMarks(askedWords('word1 other words', {}), stems)
    const words = textWords(text)
    const excerpt = excerptOf(text, words, rangesIn(words, marks))
    expect(excerpt).toMatchObject({ start: 0 })
    expect(excerpt?.ranges.every(({ start, end }) => start < end && end <= 200)).toBe(true)
  })
})
