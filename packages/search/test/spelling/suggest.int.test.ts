import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe.each(['with-trigrams', 'without-trigrams'] as const)('suggestions, %s', (migrations) => {
  let app: SearchFixture
  beforeAll(async () => {
    app = await openSearchFixture({ migrations })
    for (const title of [
      'Machine learning fundamentals',
      'Learning to sing',
      'C++ for engineers',
      'The machine shop',
      'Singing in the rain',
      'L’algèbre linéaire',
      'Café culture',
      'A history of the café',
      'Node.js in depth',
      'Front-end foundations',
      'Frontend masters',
      '機械学習入門',
    ])
      await app.publish({ title })
    const { id } = await app.publish({ title: 'Learning in secret' })
    orThrow(await app.courses.unpublish(id))
  })
  afterAll(() => app.dispose())

  const titles = async (prefix: string, options = {}): Promise<string[]> =>
    orThrow(await app.search.suggest(prefix, options)).map(({ title }) => title)

  const prefixes = [
    ['learn', ['Learning to sing', 'Machine learning fundamentals']],
    ['machine learnin', ['Machine learning fundamentals']],
    ['Learning MACH', ['Machine learning fundamentals']],
    ['machine', ['Machine learning fundamentals', 'The machine shop']],
    ['sing', ['Singing in the rain', 'Learning to sing']],
    ['c++', ['C++ for engineers']],
    ['algè', ['L’algèbre linéaire']],
    ['alge', ['L’algèbre linéaire']],
    ['cafe', ['Café culture', 'A history of the café']],
    ['CAFÉ cul', ['Café culture']],
    ['cafe\u0301', ['Café culture', 'A history of the café']],
    ['node.j', ['Node.js in depth']],
    ['arning', []],
    ['secret', []],
    ['.*', undefined],
    ['%', undefined],
  ] as const
  it.each(prefixes)(
    'Suggestions for %j are %j: published, every word started, titles that start so first',
    async (prefix, expected) => {
      if (expected === undefined) expect((await app.search.suggest(prefix)).isErr()).toBe(true)
      else expect(await titles(prefix)).toEqual(expected)
    },
  )

  // The compared form of titles is in the table of this package's migrations.
  const joined = [
    ['nodejs', ['Node.js in depth']],
    ['nodej', ['Node.js in depth']],
    ['frontend', ['Front-end foundations', 'Frontend masters']],
    ['front end', ['Front-end foundations', 'Frontend masters']],
    ['front-end m', ['Frontend masters']],
    ['機械', ['機械学習入門']],
  ] as const
  it.skipIf(migrations === 'without-trigrams').each(joined)(
    'Suggestions for %j are %j, as a search finds them',
    async (prefix, expected) => {
      expect(await titles(prefix)).toEqual(expected)
      const { hits } = orThrow(await app.search.search(prefix))
      expect(hits.map(({ course }) => course.title)).toEqual(expect.arrayContaining([...expected]))
    },
  )

  it.skipIf(migrations === 'without-trigrams')(
    'Of words that many titles have, suggestions are titles that begin with them and popular ones',
    async () => {
      await app.stores.postgres.withConnection((lent) => lent.query(insertGardens))
      expect(await titles('gardening', { limit: 3 })).toEqual([
        'Gardening for beginners',
        'Zen gardening',
        'Urban gardening',
      ])
      expect(await titles('gardening urban', { limit: 3 })).toEqual(['Urban gardening'])
    },
  )

  it('Suggestions correct misspelt words when there are no others', async () => {
    expect(await titles('lerning fundamntals')).toEqual(['Machine learning fundamentals'])
    expect(await titles('algebbre')).toEqual(['L’algèbre linéaire'])
    expect(await titles('zzyzxq')).toEqual([])
  })

  it('Suggestions keep to their limit and ask PostgreSQL alone', async () => {
    const before = [app.openai.requestCount(), app.pinecone.requestCount()]
    expect(await titles('learning', { limit: 1 })).toHaveLength(1)
    expect([app.openai.requestCount(), app.pinecone.requestCount()]).toEqual(before)
  })

  const badInput: readonly [string, string, object, string][] = [
    ['nothing', '', {}, 'prefix'],
    ['10,000 characters', 'x'.repeat(10_000), {}, 'prefix'],
    ['NUL', 'a\0b', {}, 'prefix'],
    ['emoji only', '🎨', {}, 'prefix'],
    ['a limit of 21', 'a', { limit: 21 }, 'limit'],
    ['an unknown option', 'a', { depth: 1 }, 'depth'],
  ]
  it.each(badInput)('Suggestions are refused for %s', async (_, prefix, options, field) => {
    const result = await app.search.suggest(prefix, options)
    expect(result.isErr() && result.error).toMatchObject({ type: 'invalid-input', field })
  })
})

const insertGardens = `
  INSERT INTO @schema.courses (title, instructor_id, price, is_published, current_enrollment)
  SELECT title, (SELECT min(id) FROM @schema.users), 1, true, students
  FROM (
    SELECT 'The art of gardening ' || n AS title, n % 50 AS students
    FROM generate_series(1, 700) AS n
    UNION ALL
    VALUES ('Urban gardening', 990), ('Zen gardening', 1000), ('Gardening for beginners', 0)
  ) AS garden`
