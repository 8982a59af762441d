import fc from 'fast-check'
import { highlightHtml } from '@headwater/search'
import { describe, expect, it } from 'vitest'
import { textWords } from '../../../src/query/highlights/text-words.ts'

/** What a browser shows: no tags of ours, and the characters that were escaped. */
function shown(html: string, tag: string): string {
  const names: Readonly<Record<string, string>> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  }
  return html
    .replaceAll(`<${tag}>`, '')
    .replaceAll(`</${tag}>`, '')
    .replace(/&(?:lt|gt|quot|#39|amp);/gu, (name) => names[name] ?? name)
}

const range = fc.record({
  start: fc.integer({ min: -2, max: 40 }),
  end: fc.integer({ min: -2, max: 40 }),
})
const nasty = fc.string({
  unit: fc.constantFrom(
    'a',
    '<',
    '>',
    '&',
    '"',
    "'",
    '<mark>',
    '</mark>',
    '&lt;',
    '\ue000',
    '𝒜',
    'é',
    ' ',
  ),
})

describe('highlighted HTML', () => {
  it('Without the tags the text is the same, whatever the text and the ranges', () => {
    fc.assert(
      fc.property(nasty, fc.array(range, { maxLength: 6 }), (text, ranges) => {
        const html = highlightHtml(text, ranges)
        expect(shown(html, 'mark')).toBe(text)
        const tags = html.match(/<[^>]*>/gu) ?? []
        expect(tags.every((tag, place) => tag === (place % 2 === 0 ? '<mark>' : '</mark>'))).toBe(
          true,
        )
        expect(tags.length % 2).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('Markup of the text is shown, not interpreted', () => {
    const text = '<script>alert("x")</script> & more'
    expect(highlightHtml(text, [{ start: 1, end: 7 }], 'em')).toBe(
      '&lt;<em>script</em>&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more',
    )
  })

  it.each(['', 'b onclick=alert(1)', '<b>', 'a>b', '1'])('The tag %j is refused', (tag) => {
    expect(() => highlightHtml('text', [], tag)).toThrow(/tag/u)
  })
})

describe('words of a text', () => {
  it('Words are in order, do not overlap and are never half a character', () => {
    const unit = fc.constantFrom(
      'a',
      'e\u0301',
      '𝒜',
      '机',
      'हि',
      ' ',
      '.',
      'C++',
      '\u200d',
      '😀',
      'ß',
      '١',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
        const words = textWords(text)
        for (const [place, { start, end }] of words.entries()) {
          expect(start).toBeGreaterThanOrEqual(words[place - 1]?.end ?? 0)
          expect(end).toBeGreaterThan(start)
          expect(text.slice(start, end).isWellFormed()).toBe(true)
          expect(text.slice(end)).not.toMatch(/^\p{M}/u)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('Words are those that a search compares', () => {
    const text = 'Node.js: Crème brûlée, C++ & F#, 机器'
    expect(textWords(text).map(({ word }) => word)).toEqual([
      'node',
      'js',
      'creme',
      'brulee',
      'cplusplus',
      'fsharp',
      '机',
      '器',
    ])
  })
})
