import { describe, expect, it } from 'vitest'
import { BlockedTerms } from '../../../src/query/asked/blocked-terms.ts'
import { formOf, suggestedForm } from '../../../src/query/asked/query-form.ts'

describe('the form of a query', () => {
  it.each([
    ['Node.js Streams', 'node js  streams', 'nodejs streams'],
    ['Résumé', 'resume', 'RESUME!'],
    ['front-end', 'Front End', 'frontend'],
    ['CI/CD', 'ci cd', 'cicd'],
  ])('%j, %j and %j have one form', (...spellings) => {
    expect(new Set(spellings.map(formOf)).size).toBe(1)
  })

  it.each([
    ['C', 'C++'],
    ['C++', 'C#'],
  ])('%j and %j are two', (one, other) => {
    expect(formOf(one)).not.toBe(formOf(other))
  })

  it('A query is shown as it is normalised', () => {
    expect(suggestedForm('  Machine   Learning? ')).toEqual({
      form: 'machinelearning',
      text: 'machine learning',
      words: 'machine learning',
    })
    expect(suggestedForm('C++ & Node.js')).toMatchObject({
      text: 'c++ node.js',
      words: 'c++ node js',
    })
  })

  it.each([
    ['an e-mail address', 'jane.doe@example.com'],
    ['an e-mail address among words', 'courses of jane@example.org please'],
    ['a telephone number', '030 1234567'],
    ['an international number', '+49 (30) 123-45-67'],
    ['a number in groups of two', '06 12 34 56 78'],
    ['the number of a card', '4111 1111 1111 1111'],
    ['a number of other digits', '٠٣٠١٢٣٤٥٦٧'],
    ['a long number', 'order 123456'],
    ['a long number in a word', 'inv-2024-00172'],
    ['a social security number', '123-45-6789'],
    ['an insurance number among letters', 'qq 12 34 56 c'],
    ['a number among single letters', 'c01 x00 t47'],
    ['a number with colons', '12: 34: 56'],
    ['a number with dashes', '020 – 155 – 5'],
    ['a number with commas', '12, 34, 56, 78'],
    ['an address with spaces', 'jane @ gmail.com'],
    ['an address with one space', 'jane@ example.com'],
    ['an address that was logged without its sign', 'jane gmail.com'],
    ['an address of any domain without its sign', 'jane example.com'],
    ['a number with invisible characters', '12\u200b34\u206056'],
    ['a quoted text', '"in a row"'],
    ['a text behind a minus', 'python -snakes'],
    ['a text of more than a hundred characters', 'word '.repeat(21)],
    ['nothing but punctuation', '!?'],
  ])('%s is never suggested: %j', (_, query) => {
    expect(suggestedForm(query)).toBeUndefined()
  })

  it.each([
    ...['iso 27001', 'python 3.12', 'office 365', 'cs 101', '802.11ax', 'a @ b', 'top 100'],
    ...['asp.net core', 'learn asp.net', 'node.js', 'socket.io', 'a.i. basics', 'outlook rules'],
  ])('%j reads like nobody’s', (query) => {
    expect(suggestedForm(query)).toBeDefined()
  })

  it.each([
    ['sail\u202eing', 'sailing'],
    ['sail\u2066ing\u2069', 'sailing'],
    ['sail\u3164ing', 'sailing'],
    ['sailing 🖕🏽 ☭ 1\ufe0f\u20e3', 'sailing 1'],
    ['naïve c++ & c#, ci/cd, node.js', 'naïve c++ c# ci/cd node.js'],
  ])('%j is shown as %j, without what is unseen and symbols', (query, text) => {
    expect(suggestedForm(query)?.text).toBe(text)
  })
})

describe('blocked words', () => {
  it('A text of thousands of words is judged in time, with terms of any length', () => {
    const long = new BlockedTerms(['x'.repeat(200), 'exam cheat'])
    const text = Array.from({ length: 2_000 }, (_, n) => n.toString(36)).join(' ')
    const startedAt = performance.now()
    expect(long.areIn(text)).toBe(false)
    expect(long.areIn(`${text} exam cheat`)).toBe(true)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
  const blocked = new BlockedTerms(['Node.js', 'exam cheat', 'café'])
  it.each(['goodexamcheats', 'examcheat', 'mynodejs'])(
    '%j, in one word, may have them',
    (query) => {
      expect(blocked.areWithin(query)).toBe(true)
      expect(blocked.areWithin('goodexams')).toBe(false)
    },
  )
  it.each(['nodejs basics', 'learn node js', 'the EXAM-cheat', 'cafe'])('%j has them', (query) => {
    expect(blocked.areIn(query)).toBe(true)
  })
  it.each(['node', 'cheat exam', 'exam cheats', 'cafeteria', 'decaf é'])(
    '%j has none of them',
    (query) => {
      expect(blocked.areIn(query)).toBe(false)
    },
  )
})
