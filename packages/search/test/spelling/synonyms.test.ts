import { describe, expect, it } from 'vitest'
import { partsOf } from '../../src/typed/query-parts.ts'
import { Synonyms } from '../../src/spelling/synonyms.ts'
import type { SynonymOptions } from '../../src/spelling/synonyms.ts'

const complain = (option: string, rule: string): Error => new Error(`${option}: ${rule}`)
const open = (options: SynonymOptions): Synonyms => new Synonyms(options, complain)

const synonyms = open({
  js: ['JavaScript'],
  ml: ['machine learning'],
  framework: { finds: ['react', 'Node.js'] },
  dl: { finds: ['机器学习', 'AI学习'] },
})

const found = [
  ['js', [['javascript']]],
  ['javascript', [['js']]],
  ['ml', [['machine', 'learning']]],
  ['machine learning', [['ml'], ['ml']]],
  ['learning machine', [null, null]],
  ['machine -js learning', [['ml'], ['ml']]],
  ['framework', [['react', 'node', 'js', 'nodejs']]],
  ['react', [null]],
  ['"js" js', [null, ['javascript']]],
  ['"machine" learning', [null, null]],
  ['node.js', [null]],
  ['-js', [['javascript']]],
] as const

describe('synonyms', () => {
  it.each(found)('The words of %s have the synonyms %j', (query, expected) => {
    const words = synonyms.of(partsOf(query)).map((each) => each.flat())
    expect(words.map((each) => (each.length === 0 ? null : each))).toEqual(
      expected.map((each) => each && (expect.arrayContaining([...each]) as unknown)),
    )
  })

  it('Synonyms have the same fingerprint in any order, and another one where any differs', () => {
    const one = open({ a: ['b', 'c'], d: { finds: ['e'] } }).fingerprint
    expect(open({ d: { finds: ['E'] }, a: ['c', 'b'] }).fingerprint).toBe(one)
    expect(open({ a: ['b', 'c'], d: ['e'] }).fingerprint).not.toBe(one)
    expect(open({ a: ['b'], d: { finds: ['e'] } }).fingerprint).not.toBe(one)
  })

  it('A term of a script without spaces is its characters in a row', () => {
    expect(synonyms.of(partsOf('dl'))).toEqual([
      [
        ['ai', '学', '习'],
        ['机', '器', '学', '习'],
      ],
    ])
  })

  it('A term that is a name of every object is a term like others', () => {
    const words = open({ constructor: ['builder'] }).of(partsOf('constructor toString builder'))
    expect(words).toEqual([[['builder']], [], [['constructor']]])
  })
})
