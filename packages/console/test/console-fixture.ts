import { afterAll, beforeAll, inject } from 'vitest'
import {
  connect,
  createRateLimiter,
  createRelay,
  createSessions,
  defineCache,
  defineSink,
  migrate,
  orThrow,
  outbox,
  publishMany,
  type Cache,
  type NewEvent,
  type RateLimiter,
  type Relay,
  type Sessions,
  type SinkFailure,
  type Stores,
} from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Repositories,
} from '@headwater/repositories'
import {
  createCourseSearch,
  hashingEmbedder,
  searchMigrations,
  type CourseSearch,
} from '@headwater/search'
import { eventually, faultProxy, isolate, startPineconeStandIn } from '@headwater/testing'
import {
  consoleMigrations,
  createConsole,
  type ConsoleHandler,
  type Operator,
  type RunningConsole,
} from '../src/index.ts'

/** The host under which the tests ask. */
export const host = 'console.localhost'

/** A deployment with something to see on every screen. */
export interface Deployment {
  readonly stores: Stores
  readonly faults: Readonly<Record<StoreName, StoreFaults>>
  readonly repositories: Repositories
  readonly search: CourseSearch
  readonly sessions: Sessions
  readonly limiter: RateLimiter
  readonly notes: Cache<number, string>
  readonly relay: Relay
  /** The console for somebody who sends the header `x-who: NAME:ACCESS`. */
  readonly handle: ConsoleHandler
  /** Another console of the same kind, which has kept no answer. */
  openConsole(): RunningConsole
  /** Publishes events that the sink `mail` refuses for good, and waits until they are dead. */
  bury(...aggregates: readonly string[]): Promise<void>
  /** Publishes events that `mail` cannot take for now, and waits until they wait. */
  delay(...aggregates: readonly string[]): Promise<void>
}

/** The way to make a store hang. */
export interface StoreFaults {
  hang(): void
  restore(): void
}

export type StoreName = 'postgres' | 'redis' | 'mongodb' | 'pinecone'

/** One deployment for all tests of the file. */
export function useDeployment(): () => Deployment {
  let opened: { readonly deployment: Deployment; close(): Promise<void> } | undefined
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())
  return () => {
    if (opened === undefined) throw new Error('the deployment is not open yet')
    return opened.deployment
  }
}

async function open() {
  const { postgres, redis, mongodb } = inject('stack')
  const parts = await isolate({ postgres, redis, mongodb })
  const proxies = {
    postgres: await faultProxy(parts.postgres.url),
    redis: await faultProxy(parts.redis.url),
    mongodb: await faultProxy(parts.mongodb.url),
  }
  const pinecone = await startPineconeStandIn()
  const stores = orThrow(
    await connect({
      postgres: { url: proxies.postgres.url },
      redis: { url: proxies.redis.url, keyPrefix: parts.redis.prefix },
      mongodb: { url: proxies.mongodb.url, database: parts.mongodb.database },
      pinecone: {
        apiKey: pinecone.apiKey,
        index: 'course-search',
        controllerHostUrl: pinecone.url,
      },
    }),
  )
  const sets = [repositoriesMigrations, searchMigrations, consoleMigrations]
  orThrow(await migrate(stores, { sets }))
  const faults = { ...proxies, pinecone: pinecone.faults }
  const deployment = deploymentOn(stores, faults)
  const close = async () => {
    for (const fault of Object.values(faults)) fault.restore()
    orThrow(await stores.close({ deadlineMs: 60_000 }))
    await parts.dispose()
    await Promise.all([pinecone.stop(), ...Object.values(proxies).map((proxy) => proxy.close())])
  }
  return { deployment, close }
}

function deploymentOn(stores: Stores, faults: Deployment['faults']): Deployment {
  const repositories = createRepositories(stores)
  const { courses, activity } = repositories
  const search = createCourseSearch(stores, {
    courses,
    activity,
    embedder: hashingEmbedder({ dimensions: 1_536 }),
  })
  const sessions: Sessions = createSessions(stores)
  const limiter = createRateLimiter(stores, { name: 'sign-in', limit: 3 })
  const mail = defineSink({
    name: 'mail',
    types: ['note.*'],
    mode: 'log',
    handle: async (events) => ({
      failed: events.flatMap(({ id, type }) => {
        const failure = failures[type]
        return failure === undefined ? [] : [{ id, failure }]
      }),
    }),
  })
  const relay = createRelay(stores, {
    sinks: [mail, ...repositories.sinks, ...search.sinks],
    tickMs: 20,
    maxPollMs: 100,
    maxBackOffMs: 600_000,
  })
  relay.start()
  const openConsole = () =>
    createConsole(stores, {
      hosts: [host],
      basePath: '/ops/console',
      authorize: operatorOf,
      sessions,
      limiters: { 'sign-in': limiter },
      search,
      analytics: activity.analytics,
    })
  return {
    stores,
    faults,
    repositories,
    search,
    sessions,
    limiter,
    relay,
    notes: defineCache<number, string>(stores, {
      name: 'note',
      ttlMs: 60_000,
      load: async (ids) => new Map(ids.map((id) => [id, `note ${id}`])),
    }),
    handle: openConsole(),
    openConsole,
    bury: async (...aggregates) => {
      const events = aggregates.map((id) => note(id, 'note.sent'))
      await publishMany(stores.postgres.client, events, { schema: stores.postgres.schema })
      await eventually(async () => {
        const dead = orThrow(await outbox(stores).deadLetters.list({ sink: 'mail' }))
        const buried = new Set(dead.map(({ aggregateId }) => aggregateId))
        if (!aggregates.every((id) => buried.has(id))) throw new Error('not dead yet')
      })
    },
    delay: async (...aggregates) => {
      const events = aggregates.map((id) => note(id, 'note.delayed'))
      // A sink that takes nothing at all is taken for one that is down.
      const taken = note('taken', 'note.read')
      await publishMany(stores.postgres.client, [...events, taken], {
        schema: stores.postgres.schema,
      })
      await eventually(async () => {
        const { rows } = await stores.postgres.client.query<{ aggregateid: string }>(
          "SELECT aggregateid FROM @schema.outbox_failure WHERE status = 'retry'",
        )
        const waiting = new Set(rows.map(({ aggregateid }) => aggregateid))
        if (!aggregates.every((id) => waiting.has(id))) throw new Error('not waiting yet')
      })
    },
  }
}

/** What `mail` says to events by their type; it takes all others. */
const failures: Readonly<Record<string, SinkFailure>> = {
  'note.sent': { type: 'sink-failed', message: 'no such mailbox', retryable: false },
  'note.delayed': { type: 'sink-failed', message: 'mailbox 7 is full', retryable: true },
}

function note(aggregateId: string, type: string): NewEvent {
  const payload = { to: 'ada@example.com', lines: ['secret words'], copies: 2 }
  return { aggregateType: 'note', aggregateId, type, version: 1, payload }
}

function operatorOf({ headers }: Request): Operator | undefined {
  const [name, access] = (headers.get('x-who') ?? '').split(':')
  if (name === undefined || name === '') return undefined
  return { name, access: access === 'operate' ? 'operate' : 'read' }
}

/** Options of a request to the console. */
interface Asking {
  readonly who?: string
  readonly headers?: Readonly<Record<string, string>>
}

const grace = 'grace:operate'

/** Asks a console as a browser does, on its page. */
export function visitor(handle: ConsoleHandler) {
  const send = (path: string, init: RequestInit, { who = grace, headers = {} }: Asking) =>
    handle(
      new Request(`http://${host}/ops/console/${path}`, {
        ...init,
        headers: { host, 'x-who': who, 'x-headwater-console': '1', ...init.headers, ...headers },
      }),
    )
  return {
    get: (path: string, asking: Asking = {}) => send(path, {}, asking),
    act: (action: string, input: unknown, asking: Asking = {}) =>
      send(
        `api/${action}`,
        {
          method: 'POST',
          body: JSON.stringify(input),
          headers: {
            'content-type': 'application/json',
            origin: `http://${host}`,
          },
        },
        asking,
      ),
    view: async <T>(name: string, asking: Asking = {}): Promise<T> => {
      const response = await send(`api/${name}`, {}, asking)
      if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },
  }
}
