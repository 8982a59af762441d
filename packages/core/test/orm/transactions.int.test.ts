import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import {
  beginChange,
  connect,
  createRelay,
  defineCache,
  FailureError,
  migrate,
  orThrow,
  publish,
  publishMany,
  type Cache,
  type NewEvent,
  type Stores,
} from '@headwater/core'
import { eventually, isolate, type IsolatedStores } from '@headwater/testing'
import { recordingSink, type RecordingSink } from '../outbox/outbox-fixture.ts'
import { drizzleHost } from './drizzle-host.ts'
import { coursesSql, type Host } from './host.ts'
import { knexHost } from './knex-host.ts'
import { kyselyHost } from './kysely-host.ts'
import { prismaHost } from './prisma-host.ts'

const hosts = { Drizzle: drizzleHost, Kysely: kyselyHost, Knex: knexHost, Prisma: prismaHost }

let own: IsolatedStores<'postgres' | 'redis'>
let stores: Stores

beforeAll(async () => {
  own = await isolate(inject('stack'))
  stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix, deadlineMs: 2_000 },
    }),
  )
  orThrow(await migrate(stores))
  orThrow(await stores.postgres.query(coursesSql))
})
afterAll(async () => {
  orThrow(await stores.close())
  await own.dispose()
})

let id = 0
beforeEach(async () => {
  id += 1
  orThrow(await stores.postgres.query('INSERT INTO courses VALUES ($1, $2)', [id, 'Arithmetic']))
})

const renamed = (version = 1, more: Partial<NewEvent> = {}): NewEvent => ({
  aggregateType: 'course',
  aggregateId: id,
  type: 'course.renamed',
  version,
  payload: { version },
  ...more,
})
const titleOf = async (): Promise<string | undefined> =>
  orThrow(
    await stores.postgres.query<{ title: string }>('SELECT title FROM courses WHERE id = $1', [id]),
  ).rows[0]?.title
const failure = new Error('the host thought better of it')

describe.each(Object.entries(hosts))('a %s transaction', (_, open) => {
  let host: Host
  let sink: RecordingSink

  beforeAll(async () => {
    host = await open(own.postgres.url)
  })
  afterAll(() => host.close())
  beforeEach(() => {
    sink = recordingSink()
  })

  async function delivered(): Promise<RecordingSink['events']> {
    const relay = createRelay(stores, { sinks: [sink], tickMs: 5, maxPollMs: 20 })
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    return sink.events
  }

  test('An ORM transaction commits its rows and events together, every field as published', async () => {
    const event = renamed(7, {
      aggregateId: `a/ü $1 ? "${id}"`,
      headers: { traceparent: '00-1', tenant: 'größe ?' },
      payload: {
        title: 'it\'s "quoted" \\ ? :name $1 $2 \u{1F30A}',
        deep: [1, null, { yes: true }],
      },
    })
    const eventId = await host.transaction(async ({ sql, rename }) => {
      await rename(id, 'Algebra')
      const published = await publish(sql, event)
      expect(await delivered()).toEqual([])
      expect(await titleOf()).toBe('Arithmetic')
      return published
    })
    expect(await delivered()).toMatchObject([{ id: eventId, ...event }])
    expect(await titleOf()).toBe('Algebra')
  })

  test('An ORM transaction rolls back its rows and events together', async () => {
    const changing = host.transaction(async ({ sql, rename }) => {
      await rename(id, 'Algebra')
      await publish(sql, renamed())
      throw failure
    })
    await expect(changing).rejects.toBe(failure)
    expect(await delivered()).toEqual([])
    expect(await titleOf()).toBe('Arithmetic')
  })

  test('An ORM transaction commits nothing when an event is invalid or the server refuses it', async () => {
    const publishing = (event: NewEvent, schema = 'public') =>
      host.transaction(async ({ sql, rename }) => {
        await rename(id, 'Algebra')
        await publish(sql, event, { schema })
      })
    await expect(publishing(renamed(1, { payload: { price: Number.NaN } }))).rejects.toThrow(
      FailureError,
    )
    await expect(publishing(renamed(), 'nowhere')).rejects.toThrow()
    expect(await delivered()).toEqual([])
    expect(await titleOf()).toBe('Arithmetic')
  })

  test('publishMany publishes many events of an ORM transaction with one statement, in order', async () => {
    let statements = 0
    const events = Array.from({ length: 300 }, (_, index) => renamed(index))
    const ids = await host.transaction(({ sql }) =>
      publishMany(
        {
          query: (text, values) => {
            statements += 1
            return sql.query(text, values)
          },
        },
        events,
      ),
    )
    expect((await delivered()).map((event) => event.id)).toEqual(ids)
    expect(sink.events.map(({ version }) => version)).toEqual(events.map(({ version }) => version))
    expect(statements).toBe(1)
  })

  test('An ORM transaction binds parameters by position, wherever and however often they appear', async () => {
    const text = `SELECT $2::text || $1::text || $2::text AS joined, '{"a": 1}'::jsonb ? 'a' AS has`
    const { rows, rowCount } = await host.transaction(({ sql }) => sql.query(text, ['a?', 'b']))
    expect({ rows, rowCount }).toEqual({ rows: [{ joined: 'ba?b', has: true }], rowCount: 1 })
  })

  describe('with a change of cached keys', () => {
    let cache: Cache<number, string>
    const title = async (): Promise<string | undefined> => orThrow(await cache.get(id))

    beforeEach(() => {
      cache = defineCache<number, string>(stores, {
        name: 'title',
        ttlMs: 60_000,
        load: async (ids, sql) => {
          const { rows } = await sql.query<{ id: number; title: string }>(
            'SELECT id, title FROM courses WHERE id = ANY ($1)',
            [ids],
          )
          return new Map(rows.map((row) => [row.id, row.title]))
        },
      })
    })

    test('Only an ORM commit without an announced change leaves a stale value in the cache', async () => {
      const rename = (to: string, { isAnnounced }: { isAnnounced: boolean }) => {
        const change = beginChange(stores)
        return host
          .transaction(async (tx) => {
            await tx.rename(id, to)
            if (isAnnounced) change.invalidate(cache.key(id))
            orThrow(await change.hold())
            await title()
          })
          .finally(() => change.release())
      }
      expect(await title()).toBe('Arithmetic')
      await rename('Algebra', { isAnnounced: true })
      expect(await title()).toBe('Algebra')
      await eventually(async () => {
        await title()
        const { client, keyPrefix } = stores.redis
        expect(await client.get(keyPrefix + cache.key(id).text)).toMatch(/^v1 /)
      })
      await rename('Analysis', { isAnnounced: false })
      expect(await title()).toBe('Algebra')
    })

    test('An ORM transaction that rolls back leaves the cached value correct', async () => {
      const change = beginChange(stores)
      const changing = host
        .transaction(async (tx) => {
          await tx.rename(id, 'Algebra')
          change.invalidate(cache.key(id))
          orThrow(await change.hold())
          throw failure
        })
        .finally(() => change.release())
      await expect(changing).rejects.toBe(failure)
      expect(await title()).toBe('Arithmetic')
    })

    test('When Redis is unreachable, a change records its ORM transaction id and the cache catches up', async () => {
      const cutOff = orThrow(
        await connect({
          postgres: { url: own.postgres.url },
          redis: { url: 'redis://127.0.0.1:1', keyPrefix: own.redis.prefix },
        }),
      )
      let transactionId: string | undefined
      await host.transaction(async ({ sql, rename }) => {
        const change = beginChange(cutOff, { tx: sql })
        await rename(id, 'Algebra')
        change.invalidate(cache.key(id))
        orThrow(await change.hold())
        transactionId = (
          await sql.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
        ).rows[0]?.xid
        const { rows } = orThrow(
          await stores.postgres.query('SELECT transaction::text FROM @schema.invalidation_intent'),
        )
        expect(rows).toEqual([{ transaction: transactionId }])
      })
      expect(transactionId).toMatch(/^\d+$/)
      await eventually(
        async () => {
          expect(
            orThrow(await stores.postgres.query('SELECT FROM @schema.invalidation_intent')).rows,
          ).toHaveLength(0)
        },
        { timeoutMs: 60_000 },
      )
      await eventually(async () => {
        expect(await title()).toBe('Algebra')
      })
      orThrow(await cutOff.close())
    })
  })
})
