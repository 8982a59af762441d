import { FailureError, orThrow, ResultAsync, type PostgresConnection } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterEach, expect, test } from 'vitest'
import type { Section } from '../src/contract/section.ts'
import { boundedPostgres, isOutcomeUnknown } from '../src/bounded-postgres.ts'
import { createConsole } from '../src/index.ts'
import { host, useDeployment, visitor, type StoreName } from './console-fixture.ts'

const deployment = useDeployment()

afterEach(() => {
  for (const fault of Object.values(deployment().faults)) fault.restore()
})

const screens = ['overview', 'caches', 'outbox', 'search', 'activity', 'sessions', 'members']

type Visitor = ReturnType<typeof visitor>

/** Asks a console that has kept no answer from before. */
async function anew<T>(ask: (visitor: Visitor) => Promise<T>): Promise<T> {
  const handle = deployment().openConsole()
  try {
    return await ask(visitor(handle))
  } finally {
    handle.stop()
  }
}

/** The parts of every screen, as `screen.part`, and whether each is there. */
function parts(): Promise<ReadonlyMap<string, Section<unknown>>> {
  return anew(async ({ view }) => {
    const shown = await Promise.all(
      screens.map(async (screen) => {
        const fields = await view<Record<string, Section<unknown>>>(screen)
        return Object.entries(fields)
          .filter(([, part]) => Object.hasOwn(part, 'isAvailable'))
          .map(([name, part]) => [`${screen}.${name}`, part] as const)
      }),
    )
    return new Map(shown.flat())
  })
}

async function missing(): Promise<readonly string[]> {
  const all = await parts()
  return [...all].filter(([, part]) => !part.isAvailable).map(([name]) => name)
}

const ofPostgres = [
  'overview.outbox',
  'outbox.status',
  'outbox.shards',
  'outbox.dead',
  'outbox.waiting',
  'search.summary',
  'activity.spilled',
  'members.relays',
]
const ofMongodb = [
  'activity.events',
  'activity.topQueries',
  'activity.withoutResults',
  'activity.funnel',
]
const missingWithout: readonly [StoreName, readonly string[]][] = [
  ['postgres', ofPostgres],
  ['redis', ['members.near']],
  ['mongodb', ofMongodb],
  ['pinecone', []],
]

test.each(missingWithout)(
  'While %s hangs, every screen is there, and what it cannot know says why',
  async (store, without) => {
    // A cache has members to ask for once it was read.
    orThrow(await deployment().notes.get(1))
    await eventually(async () => expect(await missing()).toEqual([]))
    deployment().faults[store].hang()
    const all = await parts()
    const gone = [...all].filter(([, part]) => !part.isAvailable)
    expect(gone.map(([name]) => name)).toEqual(expect.arrayContaining([...without]))
    for (const [, part] of gone)
      expect(part).toMatchObject({ reason: expect.stringMatching(/\w/) as string })
    const stores = all.get('overview.stores')
    expect(stores).toMatchObject({
      isAvailable: true,
      data: expect.arrayContaining([
        expect.objectContaining({
          name: store,
          status: 'down',
          error: expect.stringMatching(/\w/) as string,
        }),
      ]) as unknown,
    })
  },
)

const ofOneStore: readonly [StoreName, string, RegExp][] = [
  ['postgres', 'audit', /postgres/i],
  ['postgres', 'outbox/letters?sink=mail', /postgres/i],
  ['redis', 'caches/key?key=note%3A1', /\w/],
]

test.each(ofOneStore)('While %s hangs, %s says so', async (store, view, reason) => {
  const path = `api/${view}`
  await eventually(async () => expect((await anew(({ get }) => get(path))).status).toBe(200))
  deployment().faults[store].hang()
  await eventually(async () => {
    const answer = await anew(({ get }) => get(path))
    expect([answer.status, await answer.text()]).toEqual([
      503,
      expect.stringMatching(reason) as string,
    ])
  })
})

test('What a host never answers is not waited for', async () => {
  const never = () => new ResultAsync<never, never>(new Promise(() => undefined))
  const sessions = { list: never, revoke: never, revokeAll: never }
  const handle = createConsole(deployment().stores, {
    hosts: [host],
    basePath: '/ops/console',
    authorize: () => ({ name: 'ada', access: 'read' }),
    sessions,
  })
  const answer = await visitor(handle).get('api/sessions/user?userId=5')
  handle.stop()
  expect(await answer.json()).toMatchObject({ error: { message: 'no answer within 950 ms' } })
})

test('Who waits for a connection of a pool that is taken is told so', async () => {
  const { postgres } = deployment().stores
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const reading = boundedPostgres(postgres, { ms: 50, mayWrite: false })
  const size = postgres.pool.options.max
  const taken = Array.from({ length: size }, () => postgres.withConnection(() => promise))
  try {
    await eventually(async () => {
      const asked = await reading.query('SELECT 1')
      expect(asked._unsafeUnwrapErr().message).toBe(
        'no connection to PostgreSQL became free within 250 ms',
      )
    })
  } finally {
    resolve(undefined)
    await Promise.all(taken)
  }
})

test('A commit without an answer is not taken for one that failed', async () => {
  const { stores } = deployment()
  const lost: PostgresConnection = Object.assign(Object.create(null) as PostgresConnection, {
    queryAll: async () => [],
    close: () => undefined,
    query: async (text: string) => {
      if (text === 'COMMIT') throw new FailureError(noAnswer)
      return { rows: [], rowCount: 0 }
    },
  })
  const postgres = {
    ...boundedPostgres(stores.postgres, { ms: 50, mayWrite: true }),
    withConnection: async <T>(use: (connection: PostgresConnection) => Promise<T>) => use(lost),
  }
  const acting = boundedPostgres(postgres, { ms: 50, mayWrite: true })
  const failure = (await acting.query('DELETE'))._unsafeUnwrapErr()
  expect(isOutcomeUnknown(failure)).toBe(true)
  expect(failure.message).toBe('whether it was done is not known: the connection was lost')
})

const noAnswer = {
  type: 'store-unavailable',
  store: 'postgres',
  operation: 'COMMIT',
  message: 'the connection was lost',
  retryable: true,
} as const

test('The server ends a statement of the console that takes too long', async () => {
  const { postgres } = deployment().stores
  const reading = boundedPostgres(postgres, { ms: 500, mayWrite: false })
  const slow = await reading.query('SELECT pg_sleep(60)')
  expect(slow._unsafeUnwrapErr()).toMatchObject({
    type: 'deadline-exceeded',
    operation: expect.not.stringMatching(/connect|begin/i) as string,
  })
  const { rows } = await postgres.client.query(
    `SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active'
      AND datname = current_database() AND pid <> pg_backend_pid()`,
  )
  expect(rows).toEqual([])
})

test('What a screen asks cannot write', async () => {
  const reading = boundedPostgres(deployment().stores.postgres, { ms: 700, mayWrite: false })
  const written = await reading.query('DELETE FROM @schema.console_audit')
  expect(written._unsafeUnwrapErr().message).toMatch(/read-only|25006/)
})
