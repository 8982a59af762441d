import { describe, expect, it } from 'vitest'
import { configurationOf, configurationsFor } from '../../src/spelling/languages.ts'

describe('the configurations of a search', () => {
  const others = ['french', 'german', 'simple']
  const cases = [
    [undefined, others],
    [['en-GB', 'en'], []],
    [['de-AT', 'de', 'en'], ['german']],
    [['pl'], ['simple']],
    [['et'], ['simple']],
    [['it', 'fr'], others],
  ] as const
  it.each(cases)(
    'A search in the languages %j takes the stems of %j beside English',
    (tags, names) => {
      expect(configurationsFor(tags, others)).toEqual(names)
    },
  )

  it('A language that is no name of a configuration has none', () => {
    expect(['constructor', 'german', '', 'xx'].map(configurationOf)).toEqual(
      Array(4).fill('simple'),
    )
  })
})
