import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect, type ConnectOptions, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  faultProxy,
  freePort,
  isolate,
  type IsolatedStores,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { Signed } from './certificates.ts'
import { type Certificates, makeCertificates, refusedCertificates } from './refusals.ts'

let own: IsolatedStores<'postgres' | 'redis'>
let certificates: Certificates
let directory: string
const servers: RedisServer[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
  certificates = await makeCertificates()
  directory = await mkdtemp(path.join(tmpdir(), 'headwater-tls-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})
afterAll(async () => {
  await rm(directory, { recursive: true })
  await own.dispose()
})

/** Starts a server that speaks TLS at the port that is returned. */
async function startOverTls({ cert, key }: Signed, clients: 'yes' | 'no' = 'no'): Promise<number> {
  const port = await freePort()
  const files = { cert, key, 'ca-cert': certificates.authority.ca }
  const args = ['--tls-port', String(port), '--tls-auth-clients', clients]
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, `${port}-${name}.pem`)
    await writeFile(file, text)
    args.push(`--tls-${name}-file`, file)
  }
  servers.push(await startRedisServer({ args }))
  return port
}

function options(redis: ConnectOptions['redis']): ConnectOptions {
  return {
    postgres: { url: own.postgres.url },
    redis: { required: true, ...redis },
    connectDeadlineMs: 30_000,
  }
}

function ping(stores: Stores) {
  return stores.redis.run('ping', (client) => client.ping())
}

async function isAnswered(redis: ConnectOptions['redis']): Promise<boolean> {
  await using stores = orThrow(await connect(options(redis)))
  return (await ping(stores)).isOk()
}

/** What is said of a server that is not required, once it is known. */
async function saysOf(redis: ConnectOptions['redis'], words: RegExp): Promise<void> {
  await using stores = orThrow(await connect(options({ ...redis, required: false })))
  await eventually(async () => {
    expect((await stores.health()).stores.redis?.error).toMatch(words)
  })
}

describe('Redis over TLS', () => {
  test.each(['redis', 'rediss'])(
    'A connection to %s:// with certificates is encrypted and the certificate checked',
    async (protocol) => {
      const port = await startOverTls(certificates.good)
      const { ca } = certificates.authority
      expect(await isAnswered({ url: `${protocol}://127.0.0.1:${port}`, tls: { ca } })).toBe(true)
    },
  )

  test('A server may have the certificate of another name, which is given', async () => {
    const port = await startOverTls(certificates.named)
    const tls = { ca: certificates.authority.ca, servername: 'db.internal' }
    expect(await isAnswered({ url: `rediss://127.0.0.1:${port}`, tls })).toBe(true)
  })

  test.each(refusedCertificates)(
    'A certificate $title is refused in words that say what to set',
    async ({ server, trusts, words }) => {
      const port = await startOverTls(certificates[server])
      await saysOf(
        { url: `rediss://127.0.0.1:${port}`, tls: { ca: certificates[trusts].ca } },
        words,
      )
    },
  )

  test('A certificate that is not trusted is refused whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const port = await startOverTls(certificates.good)
    const { ca } = certificates.other
    await saysOf({ url: `rediss://127.0.0.1:${port}`, tls: { ca } }, /certificate is not trusted/)
  })

  test('A server without TLS is refused when TLS is asked for', async () => {
    await saysOf({ url: own.redis.url, tls: true, connectTimeoutMs: 500 }, /TLS/)
  })

  test('Files count no more once connected: a new connection is made without them', async () => {
    const port = await startOverTls(certificates.good)
    const ca = path.join(directory, 'ca.pem')
    await writeFile(ca, certificates.authority.ca)
    const proxy = await faultProxy(`redis://127.0.0.1:${port}`)
    try {
      const { host } = new URL(proxy.url)
      await using stores = orThrow(
        await connect(options({ url: `rediss://${host}`, tls: { ca }, deadlineMs: 1_000 })),
      )
      await rm(ca)
      const before = proxy.connectionsTotal
      proxy.hang()
      expect((await ping(stores)).isErr()).toBe(true)
      await eventually(() => proxy.connectionsTotal > before)
      proxy.restore()
      await eventually(async () => (await ping(stores)).isOk())
    } finally {
      await proxy.close()
    }
  })

  test('A server that wants the certificate of its clients is given one', async () => {
    const port = await startOverTls(certificates.good, 'yes')
    const url = `rediss://127.0.0.1:${port}`
    const { ca } = certificates.authority
    const client = await certificates.authority.sign({ names: ['client'] })
    const stranger = await certificates.other.sign({ names: ['client'] })
    expect(await isAnswered({ url, tls: { ca, ...client } })).toBe(true)
    await saysOf({ url, tls: { ca } }, /wants a certificate of this client/)
    await saysOf(
      { url, tls: { ca, ...stranger } },
      /does not accept the certificate of this client/,
    )
  })
})
