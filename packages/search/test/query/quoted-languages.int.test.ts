import { ok, orThrow, transaction } from '@headwater/core'
import type { NewCourse } from '@headwater/repositories'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { heldBy } from '../../src/query/held-courses.ts'
import { WordSources } from '../../src/spelling/word-sources.ts'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const courses: readonly Partial<NewCourse>[] = [
  { title: 'Programaciones modernas', language: 'es', description: 'Aplicaciones y funciones.' },
  { title: 'Машинное обучение', language: 'ru', description: 'Нейронные сети.' },
  { title: 'Cuisine', language: 'fr', description: 'Préparer une recette.' },
  { title: 'Modern Machine Learning', language: 'en', description: 'A café with préparer.' },
]

const found = [
  ['"programación" modernas', 'Programaciones modernas'],
  ['"programación moderna"', 'Programaciones modernas'],
  ['"aplicación y función"', 'Programaciones modernas'],
  ['"нейронный"', 'Машинное обучение'],
  ['"нейронная сеть"', 'Машинное обучение'],
  ['"préparée" cuisine', 'Cuisine'],
  ['"préparer une recette"', 'Cuisine'],
  ['"preparer une recettes"', 'Cuisine'],
  ['"modern machines" learning', 'Modern Machine Learning'],
  ['modernas -préparée -"función programación"', 'Programaciones modernas'],
] as const

const kept = [
  ['modernas -programación', 'Programaciones modernas'],
  ['modernas -"función"', 'Programaciones modernas'],
  ['"función aplicación"', 'Programaciones modernas'],
  ['обучение -нейронный', 'Машинное обучение'],
  ['cuisine -préparée', 'Cuisine'],
  ['"cuisine" -"préparée une recette"', 'Cuisine'],
  ['"préparée recette"', 'Cuisine'],
  ['learning -machines', 'Modern Machine Learning'],
] as const

let app: SearchFixture
beforeAll(async () => {
  app = await openSearchFixture()
  for (const course of courses) await app.publish(course)
})
afterAll(() => app.dispose())

describe('quoted and excluded words in a catalogue in several languages', () => {
  it.each(found)('The query %j finds %j', async (query, title) => {
    expect(await app.titles(query)).toContain(title)
  })

  it.each(kept)('The query %j does not find %j', async (query, title) => {
    expect(await app.titles(query)).not.toContain(title)
  })

  it('More texts than are heeded change nothing about those that are', async () => {
    const many = (word: string): string => Array.from({ length: 20 }, () => word).join(' ')
    const query = `${many('"función"')} ${many('-préparée')}`
    expect(await app.titles(query)).toEqual(['Programaciones modernas'])
    expect(await app.titles(`modernas ${many('-programación')}`)).toEqual([])
  })

  it('Courses found by meaning have them in the forms of words that are not quoted', async () => {
    const all = orThrow(await app.courses.list()).items
    const heldOf = async (query: string) => {
      const near = all.map(({ id }) => ({ id, score: 1 }))
      const deps = { stores: app.stores, sources: new WordSources(app.stores.clock) }
      const configurations = ['french', 'russian', 'spanish']
      const held = orThrow(await heldBy(query, near, { ...deps, configurations }))
      return held.map(({ id }) => all.find((course) => course.id === id)?.title)
    }
    expect(await heldOf('"programación"')).toEqual(['Programaciones modernas'])
    expect(await heldOf('x -programación -нейронный -preparer')).toEqual([])
  })

  it('An index looks a quoted text up, whatever the language of a course', async () => {
    const query = vi.spyOn(app.stores.postgres, 'query')
    await app.titles('"modern machine" learning')
    const [text, values = []] = query.mock.calls.find(([sql]) => sql.includes('in_title')) ?? []
    query.mockRestore()
    const plan = await transaction(app.stores, async (tx) => {
      await tx.query('SET LOCAL enable_seqscan = off')
      const { rows } = await tx.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (COSTS off) ${text ?? ''}`,
        values,
      )
      return ok(rows.map((row) => row['QUERY PLAN']).join('\n'))
    })
    expect(orThrow(plan)).toMatch(/Index Cond: .*\(words @@ (?:\(InitPlan|\$)/u)
  })
})
