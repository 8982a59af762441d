import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect, type ConnectOptions, connectOptionsFromEnv } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from './refusals.ts'

let certificates: Certificates
let directory: string

beforeAll(async () => {
  certificates = await makeCertificates()
  directory = await mkdtemp(path.join(tmpdir(), 'headwater-tls-'))
})
afterAll(() => rm(directory, { recursive: true }))

const client = { sendCommand() {}, on() {} }
const pool = { connect() {}, end() {} }

function withRedis(redis: object): ConnectOptions {
  return {
    postgres: { url: 'postgresql://127.0.0.1:1/db' },
    redis: { url: 'redis://127.0.0.1:1', ...redis },
    connectDeadlineMs: 1,
  }
}

describe('connect with TLS that cannot be', () => {
  const cases: [string, () => object, string, RegExp][] = [
    ['a CA that is no certificate', () => ({ ca: '-----BEGIN no' }), 'redis.tls.ca', /PEM form/],
    ['a file that is missing', () => ({ ca: '/no/such/ca.pem' }), 'redis.tls.ca', /ENOENT/],
    ['a number for a CA', () => ({ ca: 5 }), 'redis.tls.ca', /PEM form, or the path/],
    [
      'a certificate in place of a key',
      () => ({ cert: certificates.good.cert, key: certificates.good.cert }),
      'redis.tls.key',
      /private key/,
    ],
    [
      'a certificate without its key',
      () => ({ cert: certificates.good.cert }),
      'redis.tls.key',
      /the key of `cert` as well/,
    ],
    [
      'a key without its certificate',
      () => ({ key: certificates.good.key }),
      'redis.tls.cert',
      /the certificate of `key` as well/,
    ],
    [
      'the key of another certificate',
      () => ({ cert: certificates.good.cert, key: certificates.named.key }),
      'redis.tls.key',
      /not of another/,
    ],
    ['a misspelled name', () => ({ serverName: 'x' }), 'redis.tls.serverName', /servername/],
    ['false', () => false as never, 'redis.tls', /expected/],
  ]
  test.each(cases)(
    'Given %s, connect names the field and shows no key',
    async (_, tls, field, words) => {
      const failure = (await connect(withRedis({ tls: tls() })))._unsafeUnwrapErr()
      expect(failure).toMatchObject({ type: 'invalid-input', field })
      expect(failure.message).toMatch(words)
      expect(JSON.stringify(failure)).not.toContain('PRIVATE KEY')
    },
  )

  test.each([
    ['tls beside a client of the host', { url: undefined, client, tls: true }, 'redis.tls'],
    [
      'a password beside such a client',
      { url: undefined, client, password: 'x' },
      'redis.password',
    ],
  ])('%s is refused, since it would change nothing', async (_, redis, field) => {
    const failure = (await connect(withRedis(redis)))._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'invalid-input', field })
    expect(failure.message).toContain('expected only beside url or rootNodes')
  })

  test('tls beside a pool of the host is refused too', async () => {
    const options = { ...withRedis({}), postgres: { pool, tls: true } } as unknown as ConnectOptions
    const failure = (await connect(options))._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'invalid-input', field: 'postgres.tls' })
  })
})

describe('TLS in the environment', () => {
  test('Each variable of a store is a field, as text or as the path of a file', async () => {
    const ca = path.join(directory, 'ca.pem')
    await writeFile(ca, certificates.authority.ca)
    const options = connectOptionsFromEnv({
      HEADWATER_POSTGRES_URL: 'postgresql://app@127.0.0.1:1/db',
      HEADWATER_POSTGRES_PASSWORD: 'secret',
      HEADWATER_POSTGRES_TLS_CA: ca,
      HEADWATER_REDIS_URL: 'redis://127.0.0.1:1',
      HEADWATER_REDIS_TLS_CERT: certificates.good.cert,
      HEADWATER_REDIS_TLS_KEY: certificates.good.key,
      HEADWATER_REDIS_TLS_SERVERNAME: 'cache.internal',
    })
    expect(options).toMatchObject({
      postgres: { password: 'secret', tls: { ca } },
      redis: { tls: { servername: 'cache.internal' } },
    })
    expect(options.redis).not.toHaveProperty('password')
    const failure = (await connect({ ...options, connectDeadlineMs: 1 }))._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'store-unavailable', store: 'postgres' })
  })

  test('A mistake in one of them names the variable', async () => {
    const options = connectOptionsFromEnv({
      HEADWATER_POSTGRES_URL: 'postgresql://127.0.0.1:1/db',
      HEADWATER_REDIS_URL: 'redis://127.0.0.1:1',
      HEADWATER_REDIS_TLS_CA: path.join(directory, 'missing.pem'),
    })
    const failure = (await connect(options))._unsafeUnwrapErr()
    expect(failure.message).toContain('(variable HEADWATER_REDIS_TLS_CA)')
  })
})
