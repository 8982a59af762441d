import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Spelling } from '../../src/spelling/spelling.ts'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

describe.each(['with-trigrams', 'without-trigrams'] as const)('spelling, %s', (migrations) => {
  let app: SearchFixture
  let spelling: Spelling
  beforeAll(async () => {
    app = await openSearchFixture({ migrations })
    for (const title of [
      'Python for absolute beginners',
      'Kubernetes in production',
      'Cryptography',
      'Learning to earn',
      'Mandolin',
    ])
      await app.publish({ title, category: 'Tech', description: 'With widgets.' })
    const { id } = await app.publish({ title: 'Xylophone' })
    orThrow(await app.courses.unpublish(id))
    await app.sync()
    spelling = new Spelling(app.stores)
  })
  afterAll(() => app.dispose())

  const corrected = async (...words: string[]): Promise<object> =>
    Object.fromEntries(orThrow(await spelling.correctionsOf(words)))

  const misspelt = [
    ['pyhton', ['python']],
    ['kuberntes', ['kubernetes']],
    ['cryptografy', ['cryptography']],
    ['absolutte', ['absolute']],
  ] as const
  it.each(misspelt)('Spelling corrects %j to %j', async (word, meant) => {
    expect(await corrected(word)).toEqual({ [word]: meant })
  })

  const left = [
    'python',
    'kube',
    'widget',
    'with',
    'tech',
    'zzyzxq',
    'xylophne',
    'mad',
    '2038',
    '😀😀😀😀',
  ] as const
  it.each(left)(
    'Spelling leaves %j alone: known, a beginning, unlike all others or not published',
    async (word) => {
      expect(await corrected(word)).toEqual({})
    },
  )

  it('A process asks PostgreSQL once whether it has trigrams', async () => {
    const statements: string[] = []
    const another = new Spelling({
      ...app.stores,
      postgres: {
        ...app.stores.postgres,
        query: (text: string, ...rest: unknown[]) => {
          statements.push(text)
          return (app.stores.postgres.query as (...args: unknown[]) => unknown).call(
            app.stores.postgres,
            text,
            ...rest,
          )
        },
      },
    } as never)
    for (let time = 0; time < 3; time += 1) orThrow(await another.correctionsOf(['pyhton']))
    expect(statements.filter((text) => text.includes('to_regprocedure'))).toHaveLength(1)
    expect(statements).toHaveLength(migrations === 'with-trigrams' ? 4 : 5)
  })

  // A process without trigrams keeps the words that it has read for five minutes.
  it.skipIf(migrations === 'without-trigrams')(
    'Spelling follows titles that are changed and courses that are deleted, most frequent first',
    async () => {
      const { id } = await app.publish({ title: 'Harpsichord' })
      expect(await corrected('harpsicord')).toEqual({ harpsicord: ['harpsichord'] })
      orThrow(await app.courses.update(id, { title: 'Bassoon' }))
      expect(await corrected('harpsicord')).toEqual({})
      const others = [
        await app.publish({ title: 'Bassoot' }),
        await app.publish({ title: 'Bassoot' }),
      ]
      expect(await corrected('bassook')).toEqual({ bassook: ['bassoot', 'bassoon'] })
      for (const course of [...others, { id }]) orThrow(await app.courses.delete(course.id))
      expect(await corrected('bassook')).toEqual({})
    },
  )

  it.skipIf(migrations === 'without-trigrams')(
    'A word that is in many titles is found, and no longer once no title has it',
    async () => {
      const [first, ...others] = [...Array(20).keys()]
      const { id } = await app.publish({ title: `Clavichord ${first}` })
      for (const other of others) {
        const course = await app.publish({ title: `Clavichord ${other}` })
        orThrow(await app.courses.update(course.id, { title: `Spinet ${other}` }))
      }
      expect(await corrected('clavichrod')).toEqual({ clavichrod: ['clavichord'] })
      orThrow(await app.courses.update(id, { title: 'Spinet' }))
      expect(await corrected('clavichrod')).toEqual({})
      expect(await corrected('spimet')).toEqual({ spimet: ['spinet'] })
    },
  )

  it('A misspelt search finds the meant course by words alone', async () => {
    app.openai.faults.failNext({ status: 401, times: 100 })
    const { hits, mode } = await app.find('pyhton for beginers')
    app.openai.faults.restore()
    expect({ mode, titles: hits.map(({ course }) => course.title) }).toEqual({
      mode: 'lexical',
      titles: ['Python for absolute beginners'],
    })
  })
})
