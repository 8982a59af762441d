import { migrate, orThrow } from '@headwater/core'
import type { Failure, ResultAsync, Stores } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Repositories,
} from '@headwater/repositories'
import { createCourseSearch, openaiEmbedder, pineconeIndex } from '@headwater/search'
import { searchMigrations, type CourseSearch } from '@headwater/search'
import { isolate, startOpenaiStandIn, startPineconeStandIn } from '@headwater/testing'
import type { IsolatedStores, OpenaiStandIn, PineconeStandIn } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { expectNoSecret, openHeard, quietFailureOf, secret } from './canary-fixture.ts'

const dimensions = 8
let own: IsolatedStores<'postgres' | 'redis' | 'mongodb'>
let openai: OpenaiStandIn
let pinecone: PineconeStandIn
let stores: Stores
let repositories: Repositories
let search: CourseSearch
const heard: unknown[] = []

beforeAll(async () => {
  const { postgres, redis, mongodb } = inject('stack')
  own = await isolate({ postgres, redis, mongodb })
  openai = await startOpenaiStandIn({ dimensions })
  pinecone = await startPineconeStandIn({ indexes: [{ name: 'courses', dimension: dimensions }] })
  stores = await openHeard(own, { service: pinecone, index: 'courses' }, heard)
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  repositories = createRepositories(stores)
  search = createCourseSearch(stores, {
    courses: repositories.courses,
    index: pineconeIndex(stores, { namespace: 'courses', dimensions }),
    embedder: embedder(),
    activity: repositories.activity,
  })
})
afterEach(() => {
  openai.faults.restore()
  pinecone.faults.restore()
  expectNoSecret(heard.splice(0))
})
afterAll(async () => {
  orThrow(await stores.close({ deadlineMs: 60_000 }))
  await Promise.all([own.dispose(), openai.stop(), pinecone.stop()])
})

const embedder = (apiKey = openai.apiKey) =>
  openaiEmbedder({
    apiKey,
    baseURL: openai.url,
    dimensions,
    deadlineMs: 1_000,
    diagnostics: stores.diagnostics,
  })

const person = (name: string) => ({
  email: `${name}@example.com`,
  username: name,
  passwordHash: secret,
})

const statuses: readonly number[] = [400, 401, 404, 413, 429, 500, 503]

describe('texts that are embedded', () => {
  test.each(statuses)(
    'An answer of %i from OpenAI fails without a word of the text',
    async (status) => {
      openai.faults.failNext({ status, times: 20, message: `no: ${secret}` })
      quietFailureOf(await embedder().embed([secret]))
    },
  )

  test('A key that OpenAI does not know fails without a word of the key', async () => {
    quietFailureOf(await embedder(secret).embed(['a']))
  })

  test.each(statuses)('A search during answers of %i says nothing of its query', async (status) => {
    openai.faults.failNext({ status, times: 20, message: `no: ${secret}` })
    const found = await search.search(`${secret} ${status}`)
    if (found.isErr()) quietFailureOf(found)
    else expectNoSecret({ ...found.value, query: undefined })
  })

  test.each(statuses)('An answer of %i from Pinecone says nothing of the query', async (status) => {
    pinecone.faults.failNext({ status, times: 20, message: `no: ${secret}` })
    const found = await search.search(`${secret} again ${status}`)
    if (found.isErr()) quietFailureOf(found)
  })
})

const long = secret.repeat(2_000)

/** Input of every entry that breaks a rule with the secret in it. */
const refused: readonly (readonly [string, () => ResultAsync<unknown, Failure<string>>])[] = [
  ['a user to register', () => repositories.users.create({ ...person('a'), email: secret })],
  ['a name', () => repositories.users.create({ ...person('b'), username: `${secret}\u0000` })],
  ['a role', () => repositories.users.create({ ...person('c'), role: long })],
  ['a password hash', () => repositories.users.create({ ...person('d'), passwordHash: long })],
  ['a user to find', () => repositories.users.findByEmail(secret)],
  ['changes of a user', () => repositories.users.update(1, { fullName: long })],
  ['a course to create', () => repositories.courses.create({ title: long } as never)],
  ['a price', () => repositories.courses.create({ title: 'a', price: secret } as never)],
  ['a page of courses', () => repositories.courses.list({ cursor: secret })],
  ['an enrollment', () => repositories.enrollments.enroll({ userId: secret } as never)],
  [
    'a payment',
    () =>
      repositories.enrollments.enroll({
        userId: 1,
        courseId: 1,
        payment: { method: long, discount: secret },
      }),
  ],
  [
    'an activity',
    () => repositories.activity.recordDurably({ action: long, data: secret } as never),
  ],
  ['a query', () => search.search(long)],
  ['a cursor of a search', () => search.search('a', { cursor: secret })],
  ['a filter of a search', () => search.search('a', { minPrice: secret, category: long })],
  ['a text to embed', () => embedder().embed([secret, ''])],
]

describe('input that is refused', () => {
  test.each(refused)('%s fails without a word of its value', async (_, ask) => {
    const failure = quietFailureOf(await ask())
    expect(failure).toMatchObject({ type: expect.any(String) as string })
  })
})

describe('users', () => {
  test('A user who exists is refused without a word of the password hash', async () => {
    orThrow(await repositories.users.create(person('first')))
    const again = await repositories.users.create({ ...person('second'), username: 'first' })
    expect(quietFailureOf(again).type).toBe('username-taken')
  })
})
