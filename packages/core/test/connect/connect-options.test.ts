import { describe, expect, test } from 'vitest'
import { createClientPool, createCluster, createSentinel } from '@redis/client'
import { createCluster as createClusterWithModules } from 'redis'
import { connect, type ConnectOptions, connectOptionsFromEnv, FailureError } from '@headwater/core'
import { nodeVersionIssue } from '../../src/connect/node-version.ts'

const secret = 'hunter2-secret'
const client = { sendCommand() {}, on() {} }
const sentinels = [{ host: 'h', port: 26_379 }]
const mapped = { typeMapping: { 36: Buffer } }
const good: ConnectOptions = {
  postgres: { url: `postgresql://u:${secret}@127.0.0.1:1/db` },
  redis: { url: `redis://:${secret}@127.0.0.1:1` },
}

describe('connect with bad options', () => {
  const cases: [string, unknown, string][] = [
    ['no store at all', {}, 'postgres'],
    ['neither url nor pool', { ...good, postgres: {} }, 'postgres.url'],
    [
      'both url and pool',
      { ...good, postgres: { ...good.postgres, pool: { connect() {}, end() {} } } },
      'postgres.pool',
    ],
    [
      'a URL of another protocol',
      { ...good, postgres: { url: `mysql://u:${secret}@h/db` } },
      'postgres.url',
    ],
    [
      'a password with a bare %',
      { ...good, postgres: { url: `postgresql://u:${secret}50%off@h/db` } },
      'postgres.url',
    ],
    [
      'a Redis password with a bare %',
      { ...good, redis: { url: `redis://u:${secret}50%off@h` } },
      'redis.url',
    ],
    [
      'a Redis database that is not a number',
      { ...good, redis: { url: `redis://:${secret}@h/cache` } },
      'redis.url',
    ],
    [
      'a timeout whose milliseconds exceed 32 bits',
      { ...good, postgres: { ...good.postgres, statementTimeoutMs: 30 * 24 * 3_600_000 } },
      'postgres.statementTimeoutMs',
    ],
    ['a malformed URL', { ...good, redis: { url: `redis//${secret}` } }, 'redis.url'],
    ['an unknown option', { ...good, redis: { ...good.redis, pasword: secret } }, 'redis.pasword'],
    [
      'a pool that is not a pg pool',
      { ...good, postgres: { pool: { password: secret } } },
      'postgres.pool',
    ],
    [
      'a client with a cache of its own',
      { ...good, redis: { client: { ...client, clientSideCache: {} } } },
      'redis.client',
    ],
    [
      'a client whose replies are mapped to other types',
      { ...good, redis: { client: { ...client, options: { commandOptions: mapped } } } },
      'redis.client',
    ],
    [
      'a cluster whose replies are mapped to other types',
      {
        ...good,
        redis: { client: { ...client, _options: { defaults: { commandOptions: mapped } } } },
      },
      'redis.client',
    ],
    [
      'a cluster that reads from replicas',
      { ...good, redis: { client: createCluster({ rootNodes: [], useReplicas: true }) } },
      'redis.client',
    ],
    [
      'a cluster of redis before 6.2',
      { ...good, redis: { client: { ...client, masters: [] } } },
      'redis.client',
    ],
    ['Sentinels without a name', { ...good, redis: { sentinels } }, 'redis.name'],
    [
      'a Sentinel without a port',
      { ...good, redis: { sentinels: [...sentinels, { host: secret }], name: 'main' } },
      'redis.sentinels[1].port',
    ],
    [
      'Sentinels beside a URL',
      { ...good, redis: { ...good.redis, sentinels, name: 'main' } },
      'redis.sentinels',
    ],
    [
      'a password of Sentinels beside a URL',
      { ...good, redis: { ...good.redis, sentinelPassword: secret } },
      'redis.sentinelPassword',
    ],
    [
      'a user without a password',
      { ...good, redis: { sentinels, name: 'main', username: 'app' } },
      'redis.password',
    ],
    [
      'a client of Sentinel',
      {
        ...good,
        redis: {
          client: createSentinel({ name: 'main', sentinelRootNodes: [{ host: 'h', port: 1 }] }),
        },
      },
      'redis.client',
    ],
    ['a pool of clients', { ...good, redis: { client: createClientPool() } }, 'redis.client'],
    [
      'a pool whose pg does not report open transactions',
      { ...good, postgres: { pool: { connect() {}, end() {}, Client: class {} } } },
      'postgres.pool',
    ],
    [
      'a negative size',
      { ...good, postgres: { ...good.postgres, maxConnections: -1 } },
      'postgres.maxConnections',
    ],
    [
      'a deadline of NaN',
      { ...good, redis: { ...good.redis, deadlineMs: NaN } },
      'redis.deadlineMs',
    ],
    [
      'a key prefix with braces',
      { ...good, redis: { ...good.redis, keyPrefix: '{shop}:' } },
      'redis.keyPrefix',
    ],
    [
      'a database name with a slash',
      { ...good, mongodb: { url: `mongodb://u:${secret}@h:1,i:2`, database: 'a/b' } },
      'mongodb.database',
    ],
    [
      'a second node that is not a URL',
      { ...good, redis: { rootNodes: ['redis://h', secret] } },
      'redis.rootNodes[1]',
    ],
    [
      'an API key that is not a string',
      { ...good, pinecone: { apiKey: 5, index: 'a' } },
      'pinecone.apiKey',
    ],
    [
      'an unknown invalidation mode',
      { ...good, invalidation: { mode: secret } },
      'invalidation.mode',
    ],
    [
      'a hold of zero milliseconds',
      { ...good, invalidation: { holdMs: 0 } },
      'invalidation.holdMs',
    ],
    [
      'looks that are further apart than a timer can wait',
      { ...good, invalidation: { lookEveryMs: 2 ** 31 } },
      'invalidation.lookEveryMs',
    ],
  ]
  test.each(cases)(
    'Given %s, connect names the field and leaks no value',
    async (_, options, field) => {
      const failure = (await connect(options as ConnectOptions))._unsafeUnwrapErr()
      expect(failure).toMatchObject({ type: 'invalid-input', field, retryable: false })
      expect(JSON.stringify(failure)).not.toContain(secret)
    },
  )

  test('connect names every invalid field', async () => {
    const options = { postgres: { url: 'x' }, redis: { url: 'y' } }
    const failure = (await connect(options))._unsafeUnwrapErr()
    expect(failure.type === 'invalid-input' && failure.issues.map((issue) => issue.field)).toEqual([
      'postgres.url',
      'redis.url',
    ])
  })
})

test('connect takes a cluster of the package redis, which has modules of its own', async () => {
  const client = createClusterWithModules({ rootNodes: [] })
  const unreachable = { postgres: { url: 'postgresql://127.0.0.1:1/db' }, redis: { client } }
  const failure = (await connect({ ...unreachable, connectDeadlineMs: 1 }))._unsafeUnwrapErr()
  expect(failure).toMatchObject({ type: 'store-unavailable', store: 'postgres' })
})

describe('connectOptionsFromEnv', () => {
  test('connectOptionsFromEnv takes the stores whose variables are set', () => {
    expect(
      connectOptionsFromEnv({
        HEADWATER_POSTGRES_URL: 'postgresql://h/db',
        HEADWATER_POSTGRES_SCHEMA: 'shop',
        HEADWATER_REDIS_URL: 'redis://h',
        HEADWATER_REDIS_PREFIX: 'shop:',
        HEADWATER_MONGODB_URL: 'mongodb://h:1,i:2/learning?w=1',
        HEADWATER_PINECONE_API_KEY: 'k',
        HEADWATER_PINECONE_INDEX: 'courses',
        HEADWATER_PINECONE_URL: 'http://h',
      }),
    ).toEqual({
      postgres: { url: 'postgresql://h/db', schema: 'shop' },
      redis: { url: 'redis://h', keyPrefix: 'shop:' },
      mongodb: { url: 'mongodb://h:1,i:2/learning?w=1', database: 'learning' },
      pinecone: { apiKey: 'k', index: 'courses', controllerHostUrl: 'http://h' },
    })
  })

  test('connectOptionsFromEnv reads the addresses of Sentinels, and what goes with them', () => {
    const { redis } = connectOptionsFromEnv({
      HEADWATER_REDIS_SENTINELS: 'one:5000, two,[::1]:5001',
      HEADWATER_REDIS_SENTINEL_NAME: 'main',
      HEADWATER_REDIS_USERNAME: 'app',
      HEADWATER_REDIS_PASSWORD: 'a',
      HEADWATER_REDIS_DATABASE: '3',
      HEADWATER_REDIS_TLS: 'true',
      HEADWATER_REDIS_SENTINEL_USERNAME: 'watcher',
      HEADWATER_REDIS_SENTINEL_PASSWORD: 'b',
    })
    expect(redis).toEqual({
      sentinels: [
        { host: 'one', port: 5_000 },
        { host: 'two', port: 26_379 },
        { host: '::1', port: 5_001 },
      ],
      name: 'main',
      username: 'app',
      password: 'a',
      database: 3,
      tls: true,
      sentinelUsername: 'watcher',
      sentinelPassword: 'b',
    })
  })

  test.each([
    ['HEADWATER_REDIS_TLS', 'yes', 'redis.tls: '],
    ['HEADWATER_REDIS_DATABASE', 'cache', 'redis.database: expected a whole number'],
    ['HEADWATER_REDIS_SENTINELS', '', 'redis.name: expected only beside sentinels'],
  ])('A variable that cannot be read is named: %s=%s', async (variable, text, message) => {
    const options = connectOptionsFromEnv({
      HEADWATER_POSTGRES_URL: 'postgresql://h/db',
      HEADWATER_REDIS_SENTINELS: 'one:5000',
      HEADWATER_REDIS_SENTINEL_NAME: 'main',
      [variable]: text,
    })
    const failure = (await connect(options))._unsafeUnwrapErr()
    expect(failure.message).toContain(message)
    expect(failure.message).toContain(`(variable HEADWATER_REDIS_`)
  })

  test('connectOptionsFromEnv reads the nodes of a cluster, and what a pooler needs', () => {
    expect(
      connectOptionsFromEnv({
        HEADWATER_POSTGRES_URL: 'postgresql://h/db',
        HEADWATER_POSTGRES_MAX_CONNECTIONS: '5',
        HEADWATER_POSTGRES_SERVER_STATEMENT_TIMEOUT: 'false',
        HEADWATER_POSTGRES_PREPARE: 'true',
        HEADWATER_REDIS_ROOT_NODES: 'redis://one:7000, redis://two:7000',
      }),
    ).toEqual({
      postgres: {
        url: 'postgresql://h/db',
        maxConnections: 5,
        serverStatementTimeout: false,
        prepare: true,
      },
      redis: { rootNodes: ['redis://one:7000', 'redis://two:7000'] },
    })
  })

  test('connectOptionsFromEnv reads the URLs of replicas, and one that is none is refused by its place', async () => {
    const options = connectOptionsFromEnv({
      HEADWATER_POSTGRES_URL: 'postgresql://h/db',
      HEADWATER_POSTGRES_REPLICAS: 'postgresql://one/db, two',
      HEADWATER_REDIS_URL: 'redis://h',
    })
    expect(options.postgres).toEqual({
      url: 'postgresql://h/db',
      replicas: [{ url: 'postgresql://one/db' }, { url: 'two' }],
    })
    const { message } = (await connect(options))._unsafeUnwrapErr()
    expect(message).toContain('postgres.replicas[1].url: expected a URL')
  })

  test('A switch that is neither true nor false is refused by its variable', async () => {
    const options = connectOptionsFromEnv({
      HEADWATER_POSTGRES_URL: 'postgresql://h/db',
      HEADWATER_POSTGRES_PREPARE: 'no',
      HEADWATER_REDIS_ROOT_NODES: 'one:7000',
    })
    const { message } = (await connect(options))._unsafeUnwrapErr()
    expect(message).toContain('postgres.prepare: expected true or false (variable HEADWATER_')
    expect(message).toContain('redis.rootNodes[0]: expected a URL')
  })

  test('connectOptionsFromEnv omits unset and empty variables, so that connect names what is missing', async () => {
    const options = connectOptionsFromEnv({
      HEADWATER_REDIS_URL: 'redis://h',
      HEADWATER_MONGODB_URL: '',
    })
    expect(options).toEqual({ postgres: {}, redis: { url: 'redis://h' } })
    expect((await connect(options))._unsafeUnwrapErr()).toMatchObject({
      type: 'invalid-input',
      field: 'postgres.url',
    })
  })
})

describe('messages of connect', () => {
  test('A missing variable is named', async () => {
    const options = connectOptionsFromEnv({ HEADWATER_MONGODB_URL: 'mongodb://h' })
    const { message } = (await connect(options))._unsafeUnwrapErr()
    expect(message).toContain('expected one of url, pool (variable HEADWATER_POSTGRES_URL)')
    expect(message).toContain('(variable HEADWATER_REDIS_URL)')
    expect(message).toContain('mongodb.database: expected a text (variable HEADWATER_MONGODB_D')
  })

  test('An unknown option is named with the closest known one', async () => {
    const options = { ...good, redis: { ...good.redis, prefix: 'a:' }, invalidate: {} }
    const { message } = (await connect(options))._unsafeUnwrapErr()
    expect(message).toContain('redis.prefix: unknown: the closest option is keyPrefix')
    expect(message).toContain('invalidate: unknown: the closest option is invalidation')
  })

  test('A Node.js that is too old is named with what is needed', () => {
    expect(nodeVersionIssue('20.19.4')?.message).toBe(
      'expected Node.js 22.12 or later: this is 20.19.4',
    )
    expect(nodeVersionIssue('22.11.0')).toBeDefined()
    expect([nodeVersionIssue('22.12.0'), nodeVersionIssue('26.1.0')]).toEqual([
      undefined,
      undefined,
    ])
  })

  test('The error of a failure without a cause shows none', async () => {
    const failure = (await connect({} as ConnectOptions))._unsafeUnwrapErr()
    expect(new FailureError(failure)).not.toHaveProperty('cause')
  })
})
