import { connect, type ConnectOptions, orThrow, type Stores } from '@headwater/core'
import { openaiEmbedder } from '@headwater/search'
import {
  eventually,
  isolate,
  type IsolatedStores,
  type OpenaiStandIn,
  startMongodbStandIn,
  startOpenaiStandIn,
  startPineconeStandIn,
} from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import {
  type Certificates,
  makeCertificates,
  type RefusedCertificate,
  refusedCertificates,
} from './refusals.ts'
import { type TlsFront, tlsFront } from './tls-front.ts'

type Tls = NonNullable<NonNullable<ConnectOptions['mongodb']>['tls']>

let own: IsolatedStores<'postgres' | 'redis'>
let certificates: Certificates
let mongodb: Awaited<ReturnType<typeof startMongodbStandIn>>
let pinecone: Awaited<ReturnType<typeof startPineconeStandIn>>
let openai: OpenaiStandIn

beforeAll(async () => {
  own = await isolate(inject('stack'))
  certificates = await makeCertificates()
  mongodb = await startMongodbStandIn()
  pinecone = await startPineconeStandIn()
  openai = await startOpenaiStandIn()
})
afterEach(() => {
  vi.unstubAllEnvs()
})
afterAll(async () => {
  await Promise.all([mongodb.stop(), pinecone.stop(), openai.stop()])
  await own.dispose()
})

/** A service as the tests reach it: at a host, over TLS; returns what is wrong. */
interface Service {
  readonly name: string
  /** The address of the stand-in, without TLS. */
  readonly url: () => string
  readonly ask: (host: string, tls: Tls) => Promise<string | undefined>
}

async function withStores<T>(
  more: Partial<ConnectOptions>,
  use: (stores: Stores) => Promise<T>,
): Promise<T> {
  await using stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
      ...more,
    }),
  )
  return await use(stores)
}

const services: readonly Service[] = [
  {
    name: 'MongoDB',
    url: () => mongodb.url,
    ask: (host, tls) => {
      const url = `mongodb://${host}/?directConnection=true&tls=false`
      return withStores({ mongodb: { url, database: 'learning', tls } }, async (stores) => {
        const asked = await stores.mongodb?.run('ping', (database) => database.command({ ping: 1 }))
        return asked?.isErr() === true ? asked.error.message : undefined
      })
    },
  },
  {
    name: 'Pinecone',
    url: () => pinecone.url,
    ask: (host, tls) => {
      const { apiKey } = pinecone
      const index = 'course-search'
      return withStores(
        { pinecone: { apiKey, index, host: `https://${host}${dataPath()}`, tls } },
        async (stores) => {
          const asked = await stores.pinecone?.describe()
          return asked?.isErr() === true ? asked.error.message : undefined
        },
      )
    },
  },
  {
    name: 'OpenAI',
    url: () => openai.url,
    ask: async (host, tls) => {
      const baseURL = `https://${host}/v1`
      const { apiKey } = openai
      const embedder = openaiEmbedder({ apiKey, baseURL, tls, deadlineMs: 10_000 })
      const embedded = await embedder.embed(['linear algebra'])
      return embedded.isErr() ? embedded.error.message : undefined
    },
  },
]

function front(service: Service, server: RefusedCertificate['server']) {
  return tlsFront(service.url(), certificates[server])
}

describe.each(services)('$name over TLS', (service) => {
  test('A connection is encrypted and the certificate of the server checked', async () => {
    await using server: TlsFront = await front(service, 'good')
    const { ca } = certificates.authority
    expect(await service.ask(server.host, { ca })).toBeUndefined()
  })

  test('A server may have the certificate of another name, which is given', async () => {
    await using server = await front(service, 'named')
    const tls = { ca: certificates.authority.ca, servername: 'db.internal' }
    expect(await service.ask(server.host, tls)).toBeUndefined()
    expect(server.askedFor).toContain('db.internal')
  })

  test.each(refusedCertificates)(
    'A certificate $title is refused in words that say what to set',
    async ({ server: name, trusts, words }) => {
      await using server = await front(service, name)
      const { ca } = certificates[trusts]
      await eventually(async () => {
        expect(await service.ask(server.host, { ca })).toMatch(words)
      })
    },
  )

  test('A certificate that is not trusted is refused whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await using server = await front(service, 'good')
    const { ca } = certificates.other
    await eventually(async () => {
      expect(await service.ask(server.host, { ca })).toMatch(/certificate is not trusted/)
    })
  })

  test('A server without TLS is refused when TLS is asked for', async () => {
    const { host } = new URL(service.url())
    await eventually(async () => {
      expect(await service.ask(host, true)).toMatch(/TLS/)
    })
  })

  test('A server that wants the certificate of its clients is given one', async () => {
    const { ca } = certificates.authority
    await using server = await tlsFront(service.url(), {
      ...certificates.good,
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    })
    const client = await certificates.authority.sign({ names: ['client'] })
    expect(await service.ask(server.host, { ca, ...client })).toBeUndefined()
    await eventually(async () => {
      expect(await service.ask(server.host, { ca })).toMatch(/certificate of this client/)
    })
  })
})

test('Pinecone and OpenAI are not asked over an address without TLS where TLS is set', async () => {
  const { apiKey, url } = pinecone
  await withStores(
    { pinecone: { apiKey, index: 'course-search', host: `${url}${dataPath()}`, tls: true } },
    async (stores) => {
      const asked = await stores.pinecone?.describe()
      expect(asked?._unsafeUnwrapErr().message).toContain('is an address without TLS')
    },
  )
  const embedder = openaiEmbedder({ apiKey: 'k', baseURL: openai.url, tls: true })
  const embedded = await embedder.embed(['linear algebra'])
  expect(embedded._unsafeUnwrapErr().message).toContain('is an address without TLS')
})

/** The stand-in serves every index under a path of its own. */
function dataPath(): string {
  return new URL(pinecone.hostOf('course-search')).pathname
}
