import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Spelling } from '../../src/spelling/spelling.ts'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const courses = [
  ['en', 'Crochet for Beginners'],
  ['en', 'Crossing Borders'],
  ['en', 'Watercolour Painting'],
  ['sv', 'Svenska för nybörjare'],
  ['de', 'Fahrrad reparieren'],
  ['de', 'Möbel restaurieren'],
  ['de', 'Ein Haus planen'],
  ['es', 'Cocina española'],
  ['es', 'Jardinería urbana'],
  ['pl', 'Wstęp do programowania'],
] as const

/** Of each, some stemmer leaves what words of courses in other languages begin with. */
const misspelt = [
  ['croshet', 'crochet', 'Crochet for Beginners'],
  ['watercolor paintng', 'watercolour painting', 'Watercolour Painting'],
  ['fahrad', 'fahrrad', 'Fahrrad reparieren'],
  ['restaureren von Möbeln', 'restaurieren von möbeln', 'Möbel restaurieren'],
  ['cocian española', 'cocina española', 'Cocina española'],
  ['jardinera urbana', 'jardinería urbana', 'Jardinería urbana'],
  ['programowana', 'programowania', 'Wstęp do programowania'],
] as const

describe('misspelt words of a catalogue in several languages', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    for (const [language, title] of courses) await app.publish({ language, title })
    await app.sync()
  })
  afterAll(() => app.dispose())

  it.each(misspelt)('The query %j is corrected to %j', async (query, meant, title) => {
    const { didYouMean, hits } = await app.find(query)
    expect([didYouMean?.toLowerCase(), hits[0]?.course.title]).toEqual([meant, title])
  })

  it('Forms of words in any language, beginnings and common words are left alone', async () => {
    const words = ['häusern', 'paintings', 'borde', 'reparier', 'cocinas', 'meine', 'nosotros']
    const configurations = ['german', 'simple', 'spanish', 'swedish']
    const corrections = new Spelling(app.stores).correctionsOf(words, { configurations })
    expect(Object.fromEntries(orThrow(await corrections))).toEqual({})
  })
})
