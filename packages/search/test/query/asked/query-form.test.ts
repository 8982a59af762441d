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
    ['a quoted text', '"in a row"'],
    ['a text behind a minus', 'python -snakes'],
    ['a text of more than a hundred characters', 'word '.repeat(21)],
    ['nothing but punctuation', '!?'],
  ])('%s is never suggested: %j', (_, query) => {
    expect(suggestedForm(query)).toBeUndefined()
  })

  it.each(['iso 27001', 'python 3.12', 'office 365', 'cs 101', '802.11ax', 'a @ b', 'top 100'])(
    '%j reads like nobody’s',
    (query) => {
      expect(suggestedForm(query)).toBeDefined()
    },
  )
})

describe('blocked words', () => {
  const blocked = new BlockedTerms(['Node.js', 'exam cheat', 'café'])
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
