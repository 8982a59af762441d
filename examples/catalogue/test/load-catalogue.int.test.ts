import { loadCatalogue, readCatalogue } from '@headwater-examples/catalogue'
import type { Catalogue, CatalogueProgress } from '@headwater-examples/catalogue'
import { connect, migrate, orThrow } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import type { Repositories } from '@headwater/repositories'
import { isolate } from '@headwater/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

let parts: Awaited<ReturnType<typeof isolate<'postgres' | 'redis'>>>
let stores: Stores
let repositories: Repositories
let catalogue: Catalogue
beforeAll(async () => {
  const { postgres, redis } = inject('stack')
  parts = await isolate({ postgres, redis })
  stores = orThrow(
    await connect({
      postgres: { url: parts.postgres.url },
      redis: { url: redis.url, keyPrefix: parts.redis.prefix, deadlineMs: 10_000 },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  repositories = createRepositories(stores)
  const { courses, instructors, students } = await readCatalogue()
  const small = courses
    .filter(({ maxStudents }) => maxStudents !== null && maxStudents <= 6)
    .slice(0, 3)
  catalogue = {
    courses: [...new Set([...courses.slice(0, 15), ...small])],
    instructors,
    students: students.slice(0, 20),
  }
})
afterAll(async () => {
  orThrow(await stores.close())
  await parts.dispose()
})

/** All rows that loading writes. */
async function contents(): Promise<unknown> {
  const tables = ['users', 'courses', 'enrollments', 'outbox']
  return Promise.all(
    tables.map(
      async (table) =>
        orThrow(await stores.postgres.query(`SELECT * FROM @schema.${table} ORDER BY 1`)).rows,
    ),
  )
}

test('Loading publishes every course, leaves one seat in the small ones and reports its progress', async () => {
  const told: CatalogueProgress[] = []
  const loaded = await loadCatalogue(repositories, catalogue, {
    onProgress: (progress) => {
      told.push(progress)
    },
  })
  expect(loaded.courses.map(({ title, isPublished }) => [title, isPublished])).toEqual(
    catalogue.courses.map(({ title }) => [title, true]),
  )
  expect(loaded.nearlyFull.length).toBeGreaterThanOrEqual(3)
  for (const { id, maxStudents } of loaded.nearlyFull)
    expect(orThrow(await repositories.courses.get(id))?.currentEnrollment).toBe(
      (maxStudents ?? 0) - 1,
    )
  expect(told.map(({ done }) => done)).toEqual(
    Array.from({ length: told.length }, (_, index) => index + 1),
  )
  expect(told.at(-1)).toEqual({ step: 'enrollments', done: told.length, total: told.length })
})

test('Loading a second time changes nothing', async () => {
  const before = await contents()
  const again = await loadCatalogue(repositories, catalogue)
  expect(await contents()).toEqual(before)
  expect(again.courses.map(({ title }) => title)).toEqual(
    catalogue.courses.map(({ title }) => title),
  )
})

test('Loading completes an earlier run that was interrupted', async () => {
  const [course] = (await loadCatalogue(repositories, catalogue)).courses
  orThrow(await repositories.courses.unpublish(course?.id ?? 0))
  await loadCatalogue(repositories, catalogue)
  expect(orThrow(await repositories.courses.get(course?.id ?? 0))?.isPublished).toBe(true)
})
