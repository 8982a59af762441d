import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  connect,
  type ConnectOptions,
  coreMigrations,
  migrate,
  orThrow,
  planMigrations,
} from '@headwater/core'
import { eventually, isolate, type IsolatedStores } from '@headwater/testing'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  test,
  vi,
} from 'vitest'
import { type PostgresOverTls, startPostgresOverTls } from './postgres-over-tls.ts'
import { type Certificates, makeCertificates, refusedCertificates } from './refusals.ts'

let own: IsolatedStores<'postgres' | 'redis'>
let certificates: Certificates
let postgres: PostgresOverTls

beforeAll(async () => {
  own = await isolate(inject('stack'))
  certificates = await makeCertificates()
  postgres = await startPostgresOverTls()
  await postgres.run('CREATE ROLE app LOGIN')
  await postgres.run('GRANT ALL ON DATABASE postgres TO app')
})
beforeEach(async () => {
  await postgres.useCertificate(certificates.good)
  await postgres.allow('hostssl all all 127.0.0.1/32 trust')
})
afterEach(() => {
  vi.unstubAllEnvs()
})
afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
  await own.dispose()
})

function urlOf(host = '127.0.0.1'): string {
  return `postgres://app@${host}:${postgres.server.port}/postgres`
}

function options(given: ConnectOptions['postgres']): ConnectOptions {
  return {
    postgres: { url: urlOf(), ...given },
    redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
    connectDeadlineMs: 1_000,
  }
}

async function refusalOf(given: ConnectOptions['postgres']): Promise<string> {
  return (await connect(options(given)))._unsafeUnwrapErr().message
}

async function isEncrypted(given: ConnectOptions['postgres']): Promise<boolean | undefined> {
  await using stores = orThrow(await connect({ ...options(given), connectDeadlineMs: 30_000 }))
  const { rows } = orThrow(
    await stores.postgres.query<{ ssl: boolean }>(
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    ),
  )
  return rows[0]?.ssl
}

describe('PostgreSQL over TLS', () => {
  test('A connection is encrypted and the certificate of the server checked', async () => {
    expect(await isEncrypted({ tls: { ca: certificates.authority.ca } })).toBe(true)
    expect(
      await isEncrypted({
        url: `${urlOf()}?sslmode=disable`,
        tls: { ca: certificates.authority.ca },
      }),
    ).toBe(true)
  })

  test.each(['127.0.0.1', 'localhost'])(
    'A server at %s may have the certificate of another name, which is given',
    async (host) => {
      await postgres.useCertificate(certificates.named)
      const tls = { ca: certificates.authority.ca, servername: 'db.internal' }
      await eventually(async () => {
        expect(await isEncrypted({ url: urlOf(host), tls })).toBe(true)
      })
      await postgres.useCertificate(certificates.good)
      await eventually(async () => {
        expect(await refusalOf({ url: urlOf(host), tls })).toMatch(/not for db\.internal/)
      })
    },
  )

  test.each(refusedCertificates)(
    'A certificate $title is refused in words that say what to set',
    async ({ server, trusts, words }) => {
      await postgres.useCertificate(certificates[server])
      const { ca } = certificates[trusts]
      await eventually(async () => {
        expect(await refusalOf({ tls: { ca } })).toMatch(words)
      })
    },
  )

  test('A certificate that is not trusted is refused whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const { ca } = certificates.other
    expect(await refusalOf({ tls: { ca } })).toMatch(/certificate is not trusted/)
  })

  test('A server without TLS is refused when TLS is asked for', async () => {
    expect(await refusalOf({ url: own.postgres.url, tls: true })).toMatch(
      /does not support SSL: switch `ssl` on there/,
    )
  })

  test('A server that wants TLS says so to a client without it', async () => {
    expect(await refusalOf({})).toMatch(/over TLS only, or not at all: set `tls`/)
  })

  test('A server that wants the certificate of its clients is given one', async () => {
    await postgres.trustClientsOf(certificates.authority.ca)
    await postgres.allow('hostssl all all 127.0.0.1/32 trust clientcert=verify-ca')
    const { ca } = certificates.authority
    const client = await certificates.authority.sign({ names: ['client'] })
    const stranger = await certificates.other.sign({ names: ['client'] })
    await eventually(async () => {
      expect(await isEncrypted({ tls: { ca, ...client } })).toBe(true)
    })
    expect(await refusalOf({ tls: { ca } })).toMatch(/wants a certificate of this client/)
    expect(await refusalOf({ tls: { ca, ...stranger } })).toMatch(
      /does not accept the certificate of this client/,
    )
  })

  test('Migrations over a direct URL use the same certificates, read once', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'headwater-tls-'))
    const tls = { ca: path.join(directory, 'ca.pem') }
    await writeFile(tls.ca, certificates.authority.ca)
    await using stores = orThrow(
      await connect({ ...options({ tls, schema: 'direct' }), connectDeadlineMs: 30_000 }),
    )
    await rm(directory, { recursive: true })
    orThrow(await migrate(stores, { url: urlOf() }))
    const pending = orThrow(await planMigrations(stores, { url: urlOf(), sets: [coreMigrations] }))
    expect(pending).toEqual([])
  })
})
