import { migrate, orThrow } from '@headwater/core'
import { searchMigrations } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { searchText } from '../../src/spelling/search-text.ts'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const titles = [
  'Node.js Streams',
  'ASP.NET Core',
  'CI/CD for Mobile Apps',
  'PL/SQL Procedures',
  'What Changed in Python 3.12',
  'C++ Templates',
  'C for the Curious',
  'Frontend Engineering',
  'Front-End Build Tools',
  'A Clinic for the Front End',
  'Basketball Coaching',
  'Do It Yourself: Bathroom Repairs',
  'IT for Beginners',
  'The Who: a Rock History',
  'Making a Will',
  'हिन्दी व्याकरण: पहला कदम',
  '机器学习入门',
  '日本語の文法入門',
  'Crème Brûlée'.normalize('NFD'),
  'Résumé Writing',
  'JavaScript in Depth: JavaScript as JavaScript is written',
  'Java for Everyone',
  'Scalable Systems, Scaling and Scalability',
  'Scala',
  'Excellence in Leadership for Excellent Leaders',
  'Excel Formulas',
  'Artificial Intelligence',
  'Art History',
]

const frontEnds = ['Frontend Engineering', 'Front-End Build Tools', 'A Clinic for the Front End']

const found = [
  ['Node.js', ['Node.js Streams']],
  ['nodejs', ['Node.js Streams']],
  ['js streams', ['Node.js Streams']],
  ['.NET', ['ASP.NET Core']],
  ['cicd', ['CI/CD for Mobile Apps']],
  ['CD/CI', ['CI/CD for Mobile Apps']],
  ['plsql', ['PL/SQL Procedures']],
  ['3.12', ['What Changed in Python 3.12']],
  ['c++', ['C++ Templates']],
  ['front-end', frontEnds],
  ['front end', frontEnds],
  ['frontend', frontEnds],
  ['basket ball', ['Basketball Coaching']],
  ['The Who', ['The Who: a Rock History']],
  ['will', ['Making a Will']],
  ['व्याकरण', ['हिन्दी व्याकरण: पहला कदम']],
  ['学习', ['机器学习入门']],
  ['文法', ['日本語の文法入門']],
  ['creme brulee', ['Crème Brûlée'.normalize('NFD')]],
  ['résumé'.normalize('NFD'), ['Résumé Writing']],
  ['resume', ['Résumé Writing']],
] as const

const firsts = [
  ['java', 'Java for Everyone'],
  ['scala', 'Scala'],
  ['excel', 'Excel Formulas'],
  ['art', 'Art History'],
  ['IT', 'IT for Beginners'],
  ['c', 'C for the Curious'],
] as const

const weak = [
  ['the florbing', 'a common word'],
  ['3 quonk 47', 'a number'],
  ['3 1 12 47', 'some of its numbers'],
  ['flarbing streems', 'a word that one of its words may have meant'],
] as const

const strong = [
  ['python 47', 'What Changed in Python 3.12'],
  ['streems', 'Node.js Streams'],
  ['basketbal coachng', 'Basketball Coaching'],
  ['javascirpt leadershp frontned', 'Frontend Engineering'],
] as const

describe('words of titles', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    for (const title of titles) await app.publish({ title })
  })
  afterAll(() => app.dispose())

  it.each(found)('The words %j find %j first', async (query, wanted) => {
    const hits = await app.titles(query)
    expect(new Set(hits.slice(0, wanted.length))).toEqual(new Set(wanted))
  })

  it.each(firsts)(
    'The exact word %j comes before longer words: %j is first',
    async (query, first) => {
      expect((await app.titles(query))[0]).toBe(first)
    },
  )

  it.each(weak)('The query %j finds no course that has only %s', async (query) => {
    expect(await app.titles(query)).toEqual([])
  })

  it.each(strong)('The query %j still finds %j', async (query, wanted) => {
    expect(await app.titles(query)).toContain(wanted)
  })

  it('PostgreSQL gives texts the form that queries have', async () => {
    const texts = [
      ...titles,
      'Ünïcode – “TEXT”',
      'C# & F#',
      'Łódź, Straße',
      'ΣΊΣΥΦΟΣ',
      'تَعَلُّم',
      '한국어',
    ]
    const { rows } = orThrow(
      await app.stores.postgres.query<{ text: string }>(
        `SELECT regexp_replace(trim(@schema.search_text(text)), ' +', ' ', 'g') AS text
         FROM unnest($1::text[]) WITH ORDINALITY AS given (text, place) ORDER BY place`,
        [texts],
      ),
    )
    expect(rows.map(({ text }) => text)).toEqual(texts.map(searchText))
  })

  it('A course is found by its new title at once, and by its old one no more', async () => {
    const { id } = await app.publish({ title: 'Glassblowing' })
    expect(await app.titles('glassblowing')).toEqual(['Glassblowing'])
    orThrow(await app.courses.update(id, { title: 'Enamelling' }))
    expect(await app.titles('enamelling')).toEqual(['Enamelling'])
    const words = `SELECT words::text FROM @schema.search_words WHERE course_id = $1`
    const { rows } = orThrow(await app.stores.postgres.query<{ words: string }>(words, [id]))
    expect(rows[0]?.words).not.toContain('glass')
    orThrow(await app.courses.unpublish(id))
    expect(orThrow(await app.stores.postgres.query(words, [id])).rows).toEqual([])
  })
})

describe('a catalogue older than the words', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ migrations: 'without-trigrams' })
    await app.publish({ title: 'Frontend Engineering' })
    await app.publish({ title: 'Front-End Build Tools' })
  })
  afterAll(() => app.dispose())

  it('Without the migrations of search, words are found as PostgreSQL reads them', async () => {
    expect(await app.titles('engineering')).toEqual(['Frontend Engineering'])
    expect(await app.titles('"build tools" -engineering')).toEqual(['Front-End Build Tools'])
  })

  it('The migrations of search take the words of the courses that are there', async () => {
    orThrow(await migrate(app.stores, { sets: [searchMigrations] }))
    const search = app.openAnother()
    const { hits } = orThrow(await search.search('front end'))
    expect(hits.map(({ course }) => course.title).toSorted()).toEqual([
      'Front-End Build Tools',
      'Frontend Engineering',
    ])
  })
})

const operators = [
  ['guitar -blues', ['Acoustic Guitar']],
  ['"guitar lessons"', ['Blues: guitar lessons']],
  ['“guitar lessons”', ['Blues: guitar lessons']],
  ['guitar -"guitar lessons"', ['Acoustic Guitar']],
  ['lessons -guitar', ['Lessons in singing']],
] as const

describe('operators', () => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture()
    for (const title of ['Acoustic Guitar', 'Blues: guitar lessons', 'Lessons in singing'])
      await app.publish({ title })
    await app.sync()
  })
  afterAll(() => app.dispose())

  it.each(operators)(
    'The query %s finds %j and nothing else, by either leg',
    async (query, wanted) => {
      const { hits, mode } = await app.find(query)
      expect(mode).toBe('hybrid')
      expect(hits.map(({ course }) => course.title)).toEqual(wanted)
      expect(hits.every(({ legs }) => legs.dense !== undefined)).toBe(true)
    },
  )
})
