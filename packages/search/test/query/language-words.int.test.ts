import { readdir, readFile } from 'node:fs/promises'
import { connect, migrate, ok, orThrow, transaction } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { searchMigrations } from '@headwater/search'
import { eventually, isolate } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { configurationOf } from '../../src/spelling/languages.ts'
import { markedText, searchText } from '../../src/spelling/search-text.ts'

let stores: Stores
let dispose: () => Promise<void>
beforeAll(async () => {
  const { postgres, redis } = inject('stack')
  const parts = await isolate({ postgres })
  const url = { postgres: { url: parts.postgres.url }, redis: { url: redis.url } }
  stores = orThrow(await connect(url))
  dispose = async () => {
    orThrow(await stores.close({ deadlineMs: 60_000 }))
    await parts.dispose()
  }
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, await earlierMigrations()] }))
  orThrow(await stores.postgres.query(aTeacher))
})
afterAll(() => dispose())

describe('the words of a catalogue that is older than languages', () => {
  let before: readonly Row[]
  let meanwhile: { readonly searched: boolean; readonly written: boolean }
  beforeAll(async () => {
    await insert('en', 'Running Shoes')
    await insert('en-GB', 'Colours')
    await insert('de', 'Häuser')
    await insert('pl', 'Domy')
    await insert('en', 'Drawing')
    before = await rows()
    meanwhile = await migrateBesideWriter()
  })

  it('Searches go on while the migration waits for a writer, who publishes and commits', () => {
    expect(meanwhile).toEqual({ searched: true, written: true })
  })

  it('English rows are not written, all others get the stems of their language', async () => {
    const after = await rows()
    expect(after.map(({ configuration }) => configuration)).toEqual([
      'english',
      'english',
      'german',
      'simple',
      'english',
    ])
    const placed = ({ words, version }: Row) => [words, version]
    expect(after.slice(0, 2).map(placed)).toEqual(before.slice(0, 2).map(placed))
    expect(after[2]?.words).toContain("'haus':2B")
    expect(before[2]?.words).not.toContain("'haus'")
    expect(await languages()).toEqual(['german', 'simple'])
  })

  it('A batch that is carried out again changes nothing', async () => {
    const [course] = await rows('Häuser')
    for (const statement of await batches())
      orThrow(await stores.postgres.query(statement, [1, 999]))
    expect(await rows('Häuser')).toEqual([course])
  })

  it('A row is renewed when its course changes its language, and only then', async () => {
    const [old] = await rows('Domy')
    await update(`language = 'de'`, 'Domy')
    const [german] = await rows('Domy')
    expect([old?.configuration, german?.configuration]).toEqual(['simple', 'german'])
    await update(`language = 'de', price = 5`, 'Domy')
    expect(await rows('Domy')).toEqual([german])
  })
})

describe('the words of a course with accents', () => {
  const stemsOf = async (language: string, text: string) => {
    const [found] = await select<{ words: string }>(
      'SELECT @schema.search_words_in(@schema.search_configuration($1), $2, $2, $2)::text AS words',
      [language, text],
    )
    return found?.words.split(' ')
  }

  it('Title, category and description have the stems with accents and without', async () => {
    expect(await stemsOf('fr', 'Préparée')).toEqual([
      "'prepar':2B,3C,4",
      "'prepare':2B,3C,4",
      "'preparee':1A",
    ])
    expect(await stemsOf('ru', 'Новый')).toEqual(["'нов':2B,3C,4", "'новы':2B,3C,4", "'новыи':1A"])
  })

  it.each([
    ['swedish', 'år', false],
    ['swedish', 'är', true],
    ['swedish', 'ar', true],
    ['turkish', 'su', false],
    ['turkish', 'şu', true],
    ['norwegian', 'bade', false],
    ['norwegian', 'både', true],
    ['russian', 'ещё', true],
    ['russian', 'еще', true],
    ['russian', 'её', true],
    ['russian', 'ёлка', false],
    ['french', 'à', true],
    ['french', 'meme', true],
    ['german', 'fuer', true],
  ])('In %s, that %s is common is %s', async (configuration, word, isCommon) => {
    const [found] = await select<{ isCommon: boolean }>(
      `SELECT @schema.search_stem_query($1, quote_literal($2), quote_literal($3)) IS NULL
         AS "isCommon"`,
      [configuration, markedText(word), searchText(word)],
    )
    expect(found?.isCommon).toBe(isCommon)
  })
})

describe('the languages of a catalogue', () => {
  it('Transactions bring the same language without waiting for each other', async () => {
    const inserted: (() => void)[] = []
    const all = ['Un', 'Deux', 'Trois']
    const areAll = all.map(() => new Promise<void>((resolve) => inserted.push(resolve)))
    const bring = (title: string, place: number) =>
      transaction(
        stores,
        async (tx) => {
          await tx.query(anInsert, ['fr', title])
          inserted[place]?.()
          await Promise.all(areAll)
          return ok(undefined)
        },
        { deadlineMs: 20_000 },
      )
    for (const result of await Promise.all(all.map(bring))) orThrow(result)
    expect(await languages()).toContain('french')
  })

  it('A transaction that rolls back leaves no language behind', async () => {
    const failing = `WITH made AS (${anInsert} RETURNING id) SELECT 1 / (id - id) FROM made`
    expect((await stores.postgres.query(failing, ['it', 'Uno'])).isErr()).toBe(true)
    expect(await languages()).not.toContain('italian')
  })
})

describe('what PostgreSQL and this process agree on', () => {
  const tags = 'ar ca da de el en es et eu fi fr ga hi hu hy id it lt nb ne nl nn no pt ro ru sr sv'
  const others = ['ta', 'tr', 'yi', 'pl', 'ja', 'zh-Hant', 'de-AT', 'pt-BR', 'und', 'EN-us']

  it('They have the same configuration for every language that PostgreSQL has stems for', async () => {
    for (const language of [...tags.split(' '), ...others]) {
      const [found] = await select<{ name: string; has: boolean }>(
        `SELECT @schema.search_configuration($1) AS name,
                EXISTS (SELECT FROM pg_ts_config WHERE cfgname = $2) AS has`,
        [language, configurationOf(language)],
      )
      expect([language, found?.name]).toEqual([
        language,
        found?.has === true ? configurationOf(language) : 'simple',
      ])
    }
  })

  it('They give texts the same form with accents, with the same words in it', async () => {
    const texts = [
      'Crème Brûlée'.normalize('NFD'),
      'C# & F#, C++ für Anfänger',
      'Łódź, Straße',
      'Машинный ёж',
      'تَعَلُّم',
      '日本語の文法入門',
      'İstanbul',
      'ﬁne Ünïcode – “TEXT”',
    ]
    for (const text of texts) {
      const [found] = await select<{ marked: string }>(
        `SELECT regexp_replace(trim(@schema.search_marked_text($1)), ' +', ' ', 'g') AS marked`,
        [text],
      )
      expect(found?.marked).toBe(markedText(text))
      expect(markedText(text).split(' ')).toHaveLength(searchText(text).split(' ').length)
    }
  })
})

interface Row {
  readonly title: string
  readonly words: string
  readonly configuration?: string
  readonly version: string
}

const aTeacher = `
  INSERT INTO @schema.users (email, username, password_hash) VALUES ('a@example.com', 'a', 'hash')`
const anInsert = `
  INSERT INTO @schema.courses (title, language, instructor_id, price, is_published)
  SELECT $2, $1, id, 1, true FROM @schema.users`

async function insert(language: string, title: string): Promise<void> {
  orThrow(await stores.postgres.query(anInsert, [language, title]))
}

async function update(changes: string, title: string): Promise<void> {
  const text = `UPDATE @schema.courses SET ${changes} WHERE title = $1`
  orThrow(await stores.postgres.query(text, [title]))
}

async function select<Found extends object>(
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Found[]> {
  return orThrow(await stores.postgres.query<Found>(text, values)).rows
}

function rows(title?: string): Promise<readonly Row[]> {
  return select<Row>(
    `SELECT course.title, to_jsonb(found) ->> 'configuration' AS configuration,
            found.words::text AS words, found.xmin::text AS version
     FROM @schema.search_words AS found JOIN @schema.courses AS course ON course.id = course_id
     WHERE $1::text IS NULL OR title = $1
     ORDER BY course_id`,
    [title ?? null],
  )
}

async function languages(): Promise<string[]> {
  const found = await select<{ name: string }>(
    'SELECT DISTINCT configuration AS name FROM @schema.search_language ORDER BY name',
  )
  return found.map(({ name }) => name)
}

/** Migrates while a transaction has written a course, which then publishes another one. */
async function migrateBesideWriter() {
  let migrated: ReturnType<typeof migrate> | undefined
  let searched = false
  const written = await transaction(
    stores,
    async (tx) => {
      await tx.query(`UPDATE @schema.courses SET price = 2 WHERE title = 'Drawing'`)
      migrated = migrate(stores, { sets: [repositoriesMigrations, searchMigrations] })
      await eventually(async () => expect(await select(aWaitingLock)).not.toEqual([]))
      const read = await stores.postgres.query('SELECT FROM @schema.search_words', [], {
        deadlineMs: 2_000,
      })
      searched = read.isOk()
      await tx.query(`UPDATE @schema.courses SET title = 'Sketching' WHERE title = 'Drawing'`)
      return ok(undefined)
    },
    { deadlineMs: 20_000, maxAttempts: 1 },
  )
  orThrow(await migrated!)
  return { searched, written: written.isOk() }
}

const aWaitingLock = `
  SELECT FROM pg_locks WHERE NOT granted AND relation = '@schema.courses'::regclass`

/** The migrations of a release without languages. */
async function earlierMigrations() {
  const { directory, name } = searchMigrations
  const files = (await readdir(directory ?? '')).filter((file) => file < '0008')
  const texts = files.map(
    async (file) => [file, await readFile(new URL(file, directory), 'utf8')] as const,
  )
  return { name, files: Object.fromEntries(await Promise.all(texts)) }
}

async function batches(): Promise<readonly string[]> {
  const file = new URL('0009_search_languages.online.sql', searchMigrations.directory)
  return [(await readFile(file, 'utf8')).replaceAll(/--.*$/gmu, '').replace(/;\s*$/u, '')]
}
