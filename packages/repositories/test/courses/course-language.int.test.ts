import { readdir, readFile } from 'node:fs/promises'
import { connect, migrate, orThrow } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { eventually, isolate } from '@headwater/testing'
import type { RedisClientType } from '@redis/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { failureOf, openFixture, publishedEvents } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

const tags = [
  ['de', 'de'],
  ['PT-br', 'pt-BR'],
  ['iw', 'he'],
  ['zh-hant-tw', 'zh-Hant-TW'],
] as const

const notTags: readonly unknown[] = [
  '',
  'german',
  'd',
  'de_AT',
  'de-',
  ' de',
  'de\0',
  `de-${'abcdefgh-'.repeat(5)}x`,
  'x-klingon',
  null,
  5,
  ['de'],
]

describe('the language of a course', () => {
  test.each(tags)('The tag %s is kept as %s', async (given, kept) => {
    const { id } = await fixture.newCourse({ language: given })
    expect(orThrow(await fixture.courses.get(id))?.language).toBe(kept)
  })

  test.each(notTags)('The language %j is invalid-input', async (language) => {
    const wrong = { language: language as string }
    const { id, instructorId } = await fixture.newCourse()
    for (const refused of [
      await fixture.courses.create({ title: 'x', price: 1, instructorId, ...wrong }),
      await fixture.courses.update(id, wrong),
    ])
      expect(failureOf(refused)).toMatchObject({ type: 'invalid-input', field: 'language' })
    if (!Array.isArray(language))
      expect(failureOf(await fixture.courses.list(wrong))).toMatchObject({
        type: 'invalid-input',
        field: 'language',
      })
  })

  test('A change of another field leaves it, and its own change is published by name', async () => {
    const { id } = await fixture.newCourse({ language: 'de' })
    expect(orThrow(await fixture.courses.update(id, { title: 'x' })).language).toBe('de')
    orThrow(await fixture.courses.update(id, { language: 'fr-ca' }))
    expect(orThrow(await fixture.courses.get(id))?.language).toBe('fr-CA')
    const events = await publishedEvents(fixture.stores)
    expect(events.at(-1)).toMatchObject({
      type: 'course.updated',
      payload: { courseId: id, changed: ['language'] },
    })
  })

  test('An entry that a release without languages cached is not taken for an English course', async () => {
    const course = await fixture.newCourse({ language: 'de' })
    const client = fixture.stores.redis.client as RedisClientType
    const key = `${fixture.parts.redis.prefix}course:${course.id}`
    const entry = await eventually(async () => {
      orThrow(await fixture.courses.get(course.id))
      const text = (await client.get(key)) ?? ''
      expect(text).toContain('"language":"de",')
      return text
    })
    await client.set(key, entry.replace('"language":"de",', ''))
    expect(orThrow(await fixture.courses.get(course.id))).toEqual(course)
  })
})

test('Courses that are older than languages are English, and no row is written for it', async () => {
  const parts = await isolate({ postgres: inject('stack').postgres })
  const stores = orThrow(
    await connect({
      postgres: { url: parts.postgres.url },
      redis: { url: inject('stack').redis.url },
    }),
  )
  orThrow(await migrate(stores, { sets: [await migrationsBefore('0014')] }))
  orThrow(await stores.postgres.query(anOldCourse))
  const before = await rowIn(stores)
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  orThrow(await stores.postgres.query(anOldCourse))
  expect(before).not.toHaveProperty('language')
  const { language, ...after } = await rowIn(stores)
  expect({ language, ...after }).toEqual({ ...before, language: 'en' })
  orThrow(await stores.close({ deadlineMs: 60_000 }))
  await parts.dispose()
})

/** What a release inserts that does not know languages. */
const anOldCourse = `
  WITH teacher AS (
    INSERT INTO @schema.users (email, username, password_hash)
    VALUES (gen_random_uuid() || '@example.com', gen_random_uuid(), 'hash')
    RETURNING id
  )
  INSERT INTO @schema.courses (title, instructor_id, price) SELECT 'Algebra', id, 49 FROM teacher`

async function rowIn({
  postgres,
}: RepositoriesFixture['stores']): Promise<Record<string, unknown>> {
  const { rows } = orThrow(
    await postgres.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(course) || jsonb_build_object('xmin', xmin::text, 'ctid', ctid::text) AS row
       FROM @schema.courses AS course ORDER BY id LIMIT 1`,
    ),
  )
  return rows[0]?.row ?? {}
}

/** The migrations of an earlier release. */
async function migrationsBefore(name: string) {
  const { directory } = repositoriesMigrations
  const files = (await readdir(directory ?? '')).filter((file) => file < name)
  const texts = files.map(
    async (file) => [file, await readFile(new URL(file, directory), 'utf8')] as const,
  )
  return { name: repositoriesMigrations.name, files: Object.fromEntries(await Promise.all(texts)) }
}
