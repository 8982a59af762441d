import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { connect, type ConnectOptions, orThrow, type StoreHealth } from '@headwater/core'
import {
  eventually,
  faultProxy,
  isolate,
  type IsolatedStores,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

let own: IsolatedStores<'postgres' | 'redis'>
let guarded: RedisServer
let closing: Server

beforeAll(async () => {
  own = await isolate(inject('stack'))
  guarded = await startRedisServer({ args: ['--requirepass', 'hunter2'] })
  // As a server that speaks only TLS answers to a greeting without it.
  closing = createServer((socket) => socket.on('data', () => socket.destroy()))
  closing.listen(0, '127.0.0.1')
  await once(closing, 'listening')
})
afterAll(async () => {
  closing.close()
  await guarded.stop()
  await own.dispose()
})

const password = 'not-hunter2'
const closingHost = (): string => `127.0.0.1:${(closing.address() as AddressInfo).port}`

const redisMistakes: readonly [string, () => string, RegExp][] = [
  ['a wrong password', () => withPassword(guarded.url), /not accepted \(WRONGPASS\)/],
  ['no password', () => guarded.url, /wants a password \(NOAUTH\)/],
  ['a wrong port', () => 'redis://127.0.0.1:1', /nothing listens at 127\.0\.0\.1:1.*ECONNREFUSED/],
  [
    'a wrong host name',
    () => 'redis://no-such-host.invalid',
    /host name no-such-host\.invalid is not known \((ENOTFOUND|EAI_AGAIN)\)/,
  ],
  [
    'TLS for a server without it',
    () => own.redis.url.replace('redis:', 'rediss:'),
    /no answer yet.*TLS/,
  ],
  ['no TLS for a server with it', () => `redis://${closingHost()}`, /does it want TLS/],
]

describe('Redis that cannot be had', () => {
  test.each(redisMistakes)(
    'Given %s, health says why, and connect too where Redis is required',
    async (_, url, reason) => {
      await healthWith({ redis: { url: url() } }, (health) => {
        expect(health.redis?.error).toMatch(reason)
      })
      const redis = { url: url(), required: true }
      const told: string[] = []
      await eventually(async () => {
        const failure = (await connect(options({ redis })))._unsafeUnwrapErr()
        told.push(JSON.stringify(failure))
        expect(failure.message).toMatch(reason)
      })
      expect(told.join('\n')).not.toContain(password)
    },
  )
})

test.each(redisMistakes.slice(0, 2))(
  'Given %s for a Redis that is required, connect does not wait for its deadline',
  async (_, url, reason) => {
    const redis = { url: url(), required: true }
    const refused = await connect({ ...options({ redis }), connectDeadlineMs: 600_000 })
    expect(refused._unsafeUnwrapErr().message).toMatch(reason)
  },
)

test('Of a Redis that has answered and is silent now, health does not doubt its address', async () => {
  const proxy = await faultProxy(own.redis.url)
  const redis = { url: proxy.url, connectTimeoutMs: 200, deadlineMs: 200 }
  const stores = orThrow(await connect(options({ redis, connectDeadlineMs: 10_000 })))
  await eventually(() => expect(stores.redis.isAvailable).toBe(true))
  proxy.hang()
  await eventually(async () => {
    const { error } = (await stores.health()).stores.redis ?? {}
    expect(error).toContain('it no longer answers')
    expect(error).not.toContain('TLS')
  })
  proxy.restore()
  orThrow(await stores.close())
  await proxy.close()
})

const postgresMistakes: readonly [string, (url: URL) => void, RegExp][] = [
  ['a wrong port', (url) => (url.port = '1'), /nothing listens at 127\.0\.0\.1:1/],
  ['a wrong host name', (url) => (url.hostname = 'no-such-host.invalid'), /host name .* not known/],
  [
    'TLS for a server without it',
    (url) => {
      url.searchParams.set('sslmode', 'verify-full')
    },
    /does not support SSL/,
  ],
  ['a server that is another one', (url) => (url.host = closingHost()), /terminated unexpectedly/],
]

test.each(postgresMistakes)(
  'Given %s for PostgreSQL, connect says so at its deadline',
  async (_, change, reason) => {
    const url = new URL(own.postgres.url)
    change(url)
    await eventually(async () => {
      const failed = await connect(options({ postgres: { url: url.href } }))
      expect(failed._unsafeUnwrapErr().message).toMatch(reason)
    })
  },
)

test('A pooler that refuses a start-up parameter is no outage: connect says at once what to set', async () => {
  const words = ['SFATAL', 'VFATAL', 'C08P01', 'Munsupported startup parameter: statement_timeout']
  const fields = Buffer.from(`${words.map((word) => `${word}\0`).join('')}\0`)
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(fields.length + 4, 1)
  const pooler = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', () => socket.end(Buffer.concat([head, fields])))
  })
  pooler.listen(0, '127.0.0.1')
  await once(pooler, 'listening')
  const url = new URL(own.postgres.url)
  url.port = String((pooler.address() as AddressInfo).port)
  const failed = await connect({
    ...options({ postgres: { url: url.href } }),
    connectDeadlineMs: 600_000,
  })
  const { type, message } = failed._unsafeUnwrapErr()
  expect(type).toBe('store-refused')
  expect(message).toMatch(/statement_timeout: .*`serverStatementTimeout: false`/)
  pooler.close()
})

const otherMistakes: readonly [string, Partial<ConnectOptions>, RegExp][] = [
  [
    'a wrong port of MongoDB',
    { mongodb: { url: 'mongodb://127.0.0.1:1', database: 'a' } },
    /nothing listens at 127\.0\.0\.1:1/,
  ],
  [
    'a wrong host name of MongoDB',
    { mongodb: { url: 'mongodb://no-such-host.invalid', database: 'a' } },
    /host name no-such-host\.invalid is not known/,
  ],
  [
    'a wrong host name of Pinecone',
    { pinecone: { apiKey: 'k', index: 'a', controllerHostUrl: 'http://no-such-host.invalid' } },
    /host name no-such-host\.invalid is not known/,
  ],
]

test.each(otherMistakes)('Given %s, health says so', async (_, more, reason) => {
  await healthWith(more, ({ mongodb, pinecone }) => {
    expect((mongodb ?? pinecone)?.error).toMatch(reason)
  })
})

test('Given another API key of Pinecone than the service knows, health says so', async () => {
  const { url: controllerHostUrl } = inject('stack').pinecone
  const given = { pinecone: { apiKey: 'unknown', index: 'courses', controllerHostUrl } }
  await healthWith(given, ({ pinecone }) => {
    expect(pinecone?.error).toContain('the API key was not accepted')
  })
})

function options(more: Partial<ConnectOptions>): ConnectOptions {
  const { postgres, redis } = own
  return {
    postgres: { url: postgres.url },
    redis: { url: redis.url },
    connectDeadlineMs: 2_000,
    ...more,
  }
}

/** Looks until a health is as expected: an attempt to connect may still be under way. */
async function healthWith(
  more: Partial<ConnectOptions>,
  look: (health: Partial<Record<string, StoreHealth>>) => void,
): Promise<void> {
  await using stores = orThrow(await connect({ ...options(more), connectDeadlineMs: 10_000 }))
  await eventually(async () => {
    look((await stores.health()).stores)
  })
}

function withPassword(url: string): string {
  const changed = new URL(url)
  changed.password = password
  return changed.href
}
