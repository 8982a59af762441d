import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { didYouMean } from '../../src/spelling/did-you-mean.ts'
import { normalise } from '../../src/typed/normalise.ts'
import { plainWords } from '../../src/spelling/query-words.ts'

const corrections = new Map([
  ['lerning', ['learning', 'leaning']],
  ['javascrpt', ['javascript']],
  ['cplusplis', ['cplusplus']],
  ['strems', ['streams']],
  ['bassook', ['bassoot', 'bassoon']],
  ['resumee', ['resume']],
  ['xstrems', ['xstreams']],
])

const meant = [
  ['machine lerning', ['Machine Learning Fundamentals'], 'machine learning'],
  ['machine lerning', [], 'machine learning'],
  ['javascrpt', ['Modern JavaScript'], 'JavaScript'],
  ['nodejs strems', ['Node.js Streams'], 'Node.js streams'],
  ['cplusplis', ['C++ Templates'], 'C++'],
  ['"machine lerning" python', ['Machine learning'], '"machine learning" python'],
  ['strems -lerning', ['Streams'], 'streams -lerning'],
  ['strems -"deep lerning"', ['Streams'], 'streams -"deep lerning"'],
  ['-strems', ['Streams'], '-streams'],
  ['machine-lerning', ['Learning'], 'machine-learning'],
  ['bassook', ['Bassoon for two'], 'bassoon'],
  ['bassook', ['Bassoot', 'Bassoon'], 'bassoot'],
  ['resumee', ['Résumé Writing'], 'résumé'],
  ['strems', ['NODE STREAMS'], 'streams'],
  ['.net strems', ['ASP.NET and .NET', 'Streams'], '.NET streams'],
  ['xstrems', ['X<Streams onload=1>'], 'xstreams'],
  ['rb strems', ['R&B Streams'], 'R&B streams'],
] as const

describe('the query that was meant', () => {
  it.each(meant)('%s, with the titles %j, is %s', (query, titles, expected) => {
    expect(didYouMean(query, corrections, titles)).toBe(expected)
  })

  it('A query without a misspelt word is as it should be', () => {
    expect(didYouMean('machine learning', corrections, ['Machine Learning'])).toBeUndefined()
    expect(didYouMean('machine -lerning', corrections, ['Learning'])).toBeUndefined()
  })

  it('Any query keeps its operators and has its misspelt words, and no other, replaced', () => {
    const word = fc.constantFrom('lerning', 'strems', 'node.js', 'nodejs', 'c++', 'web', 'bassook')
    const text = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' '))
    const piece = fc.oneof(
      text,
      text.map((quoted) => `"${quoted}"`),
      word.map((excluded) => `-${excluded}`),
      text.map((excluded) => `-"${excluded}"`),
    )
    const titles = fc.subarray(['Node.js Streams', 'C++ for the Web', 'Bassoon', 'E-Learning'])
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), titles, (pieces, known) => {
        const query = normalise(['learn', ...pieces].join(' '))
        const found = didYouMean(query, corrections, known)
        const skeleton = (of: string): string[] => of.match(/(?<!\S)-"[^"]*"|(?<!\S)-\S+|"/gu) ?? []
        expect(skeleton(found ?? query)).toEqual(skeleton(query))
        const bare = (of: string): string =>
          plainWords(of.replace(/(?<!\S)-(?:"[^"]*"|\S+)/gu, '')).join('')
        const options = bare(query)
          .replaceAll('lerning', 'learning')
          .replaceAll('strems', 'streams')
        const hasOther = known.includes('Bassoon') ? 'bassoon' : 'bassoot'
        expect(bare(found ?? query)).toBe(options.replaceAll('bassook', hasOther))
      }),
    )
  })
})
