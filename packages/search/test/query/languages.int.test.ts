import { orThrow } from '@headwater/core'
import type { NewCourse } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const courses: readonly Partial<NewCourse>[] = [
  { title: 'Die Casting for Engineers', language: 'en', description: 'Moulds and metal.' },
  { title: 'Be Kind to Yourself', language: 'en', description: 'Rest, runs and sleep.' },
  { title: 'Brot backen', language: 'de', description: 'Sauerteig, auch wenn Sie Anfänger sind.' },
  { title: 'Häuser planen', language: 'de-AT', description: 'Vom Keller zum Dach.' },
  { title: 'Die Kunst der Fuge', language: 'de', description: 'Barock im Überblick.' },
  { title: 'Müllers Mühle', language: 'de', description: 'Getreide mahlen.' },
  { title: 'Programación en Python', language: 'es', description: 'Las primeras funciones.' },
  { title: 'Développement Web', language: 'fr-CA', description: 'Une page préparée, organisée.' },
  { title: 'Машинное обучение', language: 'ru', description: 'Нейронные сети.' },
  { title: 'Wstęp do programowania', language: 'pl', description: 'Zmienne i pętle.' },
  { title: '日本語の文法入門', language: 'ja', description: '基本の文法。' },
]

const firsts = [
  ['Haus', 'Häuser planen'],
  ['Hauses', 'Häuser planen'],
  ['haeuser', 'Häuser planen'],
  ['Muellers Muehle', 'Müllers Mühle'],
  ['mullers muhle', 'Müllers Mühle'],
  ['Kellern', 'Häuser planen'],
  ['programaciones', 'Programación en Python'],
  ['programacion', 'Programación en Python'],
  ['función', 'Programación en Python'],
  ['développer', 'Développement Web'],
  ['organiser', 'Développement Web'],
  ['preparer', 'Développement Web'],
  ['машинный', 'Машинное обучение'],
  ['нейронная сеть', 'Машинное обучение'],
  ['programowania', 'Wstęp do programowania'],
  ['pętle', 'Wstęp do programowania'],
  ['文法', '日本語の文法入門'],
  ['engineering moulds', 'Die Casting for Engineers'],
] as const

const whole = [
  ['Brot backen für Anfänger', 'Brot backen'],
  ['brot backen fur anfanger', 'Brot backen'],
  ['brot backen fuer anfaenger', 'Brot backen'],
  ['die casting', 'Die Casting for Engineers'],
  ['die Kunst', 'Die Kunst der Fuge'],
  ['Häuser und Dächer', 'Häuser planen'],
  ['programación con funciones', 'Programación en Python'],
  ['développer une page', 'Développement Web'],
] as const

let app: SearchFixture
beforeAll(async () => {
  app = await openSearchFixture()
  for (const course of courses) await app.publish(course)
})
afterAll(() => app.dispose())

const tierOf = async (query: string, title: string) => {
  const { hits, explanation } = await app.find(query, { explain: true })
  const id = hits.find(({ course }) => course.title === title)?.course.id
  return explanation?.hits.find(({ courseId }) => courseId === id)?.tier
}

describe('a catalogue in several languages', () => {
  it.each(firsts)('The query %j finds %j first, by stems of its language', async (query, title) => {
    expect((await app.titles(query))[0]).toBe(title)
  })

  it.each(whole)(
    'The query %j has all words in %j that count in its language',
    async (query, title) => {
      expect(await tierOf(query, title)).toBe('all-words')
      expect((await app.titles(query))[0]).toBe(title)
    },
  )

  it('A word that is common in one language counts in another', async () => {
    expect(await tierOf('die Fuge', 'Die Casting for Engineers')).not.toBe('all-words')
    expect(await app.titles('die casting')).not.toContain('Brot backen')
    expect(await tierOf('die moulds', 'Die Casting for Engineers')).toBe('all-words')
  })

  it('A stem of one language finds no course in another', async () => {
    expect(await app.titles('Kinder')).not.toContain('Be Kind to Yourself')
    expect(await app.titles('kindness')).toContain('Be Kind to Yourself')
  })

  it('A filter by language holds beside the words', async () => {
    expect(await app.titles('die', { language: 'de' })).toEqual(['Die Kunst der Fuge'])
    expect(await app.titles('die', { language: 'en' })).toEqual(['Die Casting for Engineers'])
    expect(await app.titles('haus', { language: ['de', 'de-at'] })).toEqual(['Häuser planen'])
  })

  it('Quoted and excluded words are compared in the language of the course', async () => {
    expect(await app.titles('"häuser planen"')).toEqual(['Häuser planen'])
    expect(await app.titles('"haus planen"')).toEqual(['Häuser planen'])
    expect(await app.titles('die -künste')).not.toContain('Die Kunst der Fuge')
    expect(await app.titles('"die casting"')).toEqual(['Die Casting for Engineers'])
  })

  it('A misspelt word is corrected in any language, and a known form of a word is not', async () => {
    const { didYouMean, hits } = await app.find('Programacoin')
    expect([didYouMean, hits[0]?.course.title]).toEqual(['programación', 'Programación en Python'])
    expect((await app.find('Häusern xylophon')).didYouMean).toBeUndefined()
  })

  it('Courses like another are found by the stems of its language', async () => {
    const { id } = await app.publish({ title: 'Das eigene Haus', language: 'de' })
    const { hits } = orThrow(await app.search.similar(id))
    expect(hits[0]?.course.title).toBe('Häuser planen')
    orThrow(await app.courses.unpublish(id))
  })

  it('Words are marked in all forms of the language of each hit', async () => {
    const marked = async (query: string, title: string) => {
      const { hits, degraded } = await app.find(query, { highlights: true, limit: 50 })
      expect(degraded.filter(({ leg }) => leg === 'highlights')).toEqual([])
      const hit = hits.find(({ course }) => course.title === title)
      const of = (text: string, ranges: readonly { start: number; end: number }[] = []) =>
        ranges.map(({ start, end }) => text.slice(start, end))
      const { course, highlights } = hit!
      return [
        ...of(course.title, highlights?.title),
        ...of(course.description ?? '', highlights?.description),
      ]
    }
    expect(await marked('das Dach des Hauses', 'Häuser planen')).toEqual(['Häuser', 'Dach'])
    expect(await marked('haeuser', 'Häuser planen')).toEqual(['Häuser'])
    expect(await marked('preparer', 'Développement Web')).toEqual(['préparée'])
    expect(await marked('машинный нейронный', 'Машинное обучение')).toEqual([
      'Машинное',
      'Нейронные',
    ])
    expect(await marked('die casting mould', 'Die Casting for Engineers')).toEqual([
      'Die',
      'Casting',
      'Moulds',
    ])
    expect(await marked('backen für Sie und Anfänger', 'Brot backen')).toEqual([
      'backen',
      'Anfänger',
    ])
  })

  it('A course whose language changes is found by the stems of the new one at once', async () => {
    const { id } = await app.publish({ title: 'Fenster', language: 'en' })
    expect(await app.titles('"fenstern"')).toEqual([])
    orThrow(await app.courses.update(id, { language: 'de' }))
    expect(await app.titles('"den fenstern"')).toEqual([])
    expect(await app.titles('"fenstern" -dach')).toEqual(['Fenster'])
    orThrow(await app.courses.unpublish(id))
  })
})

describe('the first course in a language', () => {
  let fresh: SearchFixture
  beforeAll(async () => {
    fresh = await openSearchFixture()
    await fresh.publish({ title: 'House Building' })
  })
  afterAll(() => fresh.dispose())

  it('It is found by stems within a second, though a search without them was cached', async () => {
    expect(await fresh.titles('haus')).toEqual([])
    await fresh.publish({ title: 'Häuser', language: 'de' })
    await eventually(async () => expect(await fresh.titles('haus')).toEqual(['Häuser']))
  })
})
