import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { MongoClient } from 'mongodb'
import pg from 'pg'
import { createClient } from '@redis/client'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { eventually, faultProxy, startRedisServer, type FaultProxy } from '../../src/index.ts'
import { staysPending } from '../stays-pending.ts'

let proxy: FaultProxy

afterEach(() => proxy.close())

describe('between node-redis and Redis', () => {
  let client: ReturnType<typeof createClient>

  beforeEach(async () => {
    proxy = await faultProxy(inject('stack').redis.url)
    client = createClient({
      url: proxy.url,
      socket: { reconnectStrategy: 20 },
      commandOptions: { timeout: 60_000 },
    })
    client.on('error', () => undefined)
    await client.connect()
  })
  afterEach(() => client.destroy())

  test('A throttled proxy carries so many bytes per second, and a short command behind them', async () => {
    await client.set('long', 'x'.repeat(200_000))
    proxy.throttle(500_000)
    const startedMs = performance.now()
    const [long] = await Promise.all([client.get('long'), client.ping()])
    const tookMs = performance.now() - startedMs
    expect(long).toHaveLength(200_000)
    expect(tookMs).toBeGreaterThan(350)
    proxy.restore()
    await client.del('long')
  })

  test('Commands of node-redis pass through a proxy', async () => {
    expect(await client.ping()).toBe('PONG')
    expect(proxy.connections).toBe(1)
    expect(proxy.bytesToServer).toBeGreaterThan(0)
    expect(proxy.bytesToClient).toBeGreaterThan(0)
  })

  test('A cut breaks the current Redis command and every new connection until restored', async () => {
    proxy.hang()
    const underWay = client.ping()
    const broken = expect(underWay).rejects.toThrow()
    proxy.cut()
    await broken
    await eventually(() => expect(proxy.connectionsTotal).toBeGreaterThan(3))
    expect(client.isReady).toBe(false)
    proxy.restore()
    await eventually(() => expect(client.isReady).toBe(true))
    expect(await client.ping()).toBe('PONG')
  })

  test('A moved proxy leads every connection to the other server, also the open ones', async () => {
    const other = await startRedisServer()
    try {
      proxy.moveTo(other.url)
      await eventually(async () =>
        expect(await client.info('server')).toContain(`tcp_port:${other.port}`),
      )
      expect(client.options.url).toBe(proxy.url)
    } finally {
      await other.stop()
    }
  })

  test('A hang answers nothing, accepts connections and loses nothing', async () => {
    proxy.hang()
    const asked = client.echo('held')
    expect(await staysPending(asked)).toBe(true)
    const newcomer = createConnection(proxy.port, '127.0.0.1')
    await once(newcomer, 'connect')
    newcomer.destroy()
    proxy.restore()
    expect(await asked).toBe('held')
  })

  test('A delay of 60 ms makes a round trip 120 ms longer and keeps the order', async () => {
    proxy.delay(60)
    const begun = performance.now()
    expect(await Promise.all([client.echo('1'), client.echo('2')])).toEqual(['1', '2'])
    expect(performance.now() - begun).toBeGreaterThanOrEqual(119)
    proxy.restore()
    await eventually(async () => {
      const restored = performance.now()
      await client.ping()
      expect(performance.now() - restored).toBeLessThan(60)
    })
  })

  test('A pipelined flush is one round trip, and sequential commands are one each', async () => {
    const before = proxy.roundTrips()
    await Promise.all(Array.from({ length: 100 }, (_, number) => client.echo(String(number))))
    expect(proxy.roundTrips() - before).toBe(1)
    for (let number = 0; number < 3; number++) await client.ping()
    expect(proxy.roundTrips() - before).toBe(4)
  })
})

describe('between pg and PostgreSQL', () => {
  let client: pg.Client

  beforeEach(async () => {
    proxy = await faultProxy(inject('stack').postgres.url)
    client = new pg.Client({ connectionString: proxy.url })
    client.on('error', () => undefined)
    await client.connect()
  })
  afterEach(async () => {
    proxy.restore()
    await client.end()
  })

  test('A PostgreSQL query with parameters is one round trip', async () => {
    const before = proxy.roundTrips()
    expect((await client.query('SELECT $1::int AS number', [7])).rows).toEqual([{ number: 7 }])
    expect(proxy.roundTrips() - before).toBe(1)
  })

  test('A cut breaks the current PostgreSQL query with a reset', async () => {
    const broken = expect(client.query('SELECT pg_sleep(30)')).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
    proxy.cut()
    await broken
    await expect(new pg.Client({ connectionString: proxy.url }).connect()).rejects.toThrow()
  })

  test('A statement sent during a hang runs after it', async () => {
    proxy.hang()
    const asked = client.query('SELECT 1 AS one')
    expect(await staysPending(asked)).toBe(true)
    proxy.restore()
    expect((await asked).rows).toEqual([{ one: 1 }])
  })

  test('A delay applies to each direction of a PostgreSQL connection', async () => {
    proxy.delay(60)
    const begun = performance.now()
    await client.query('SELECT 1')
    expect(performance.now() - begun).toBeGreaterThanOrEqual(119)
  })
})

describe('between the MongoDB driver and MongoDB', () => {
  test('MongoDB commands pass, wait out a hang, and fail after a cut until restored', async () => {
    proxy = await faultProxy(inject('stack').mongodb.url)
    const client = new MongoClient(proxy.url, { serverSelectionTimeoutMS: 200 })
    const ping = () => client.db('admin').command({ ping: 1 })
    // A client that connects by itself, and finds no server in time, never connects again.
    await eventually(() => client.connect())
    await ping()
    expect(proxy.connectionsTotal).toBeGreaterThan(0)
    proxy.hang()
    const asked = ping()
    expect(await staysPending(asked)).toBe(true)
    proxy.restore()
    expect(await asked).toMatchObject({ ok: 1 })
    proxy.cut()
    await expect(ping()).rejects.toThrow()
    proxy.restore()
    await eventually(ping)
    await client.close()
  })
})

describe('between any client and server', () => {
  let upstream: Server

  afterEach(() => void upstream.close())

  async function listen(answer: (socket: Socket) => void): Promise<void> {
    upstream = createServer(answer).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    proxy = await faultProxy(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
  }

  test('HTTP passes through a proxy', async () => {
    upstream = createHttpServer((_request, response) => response.end('hello')).listen(
      0,
      '127.0.0.1',
    )
    await once(upstream, 'listening')
    proxy = await faultProxy(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`)
    const response = await fetch(`${proxy.url}/path`, { headers: { connection: 'close' } })
    expect(await response.text()).toBe('hello')
  })

  test('A proxy reads little ahead of a slow client', async () => {
    const megabyte = Buffer.alloc(1_048_576)
    await listen((socket) => {
      const fill = () => {
        while (socket.writable && socket.write(megabyte));
      }
      socket.on('drain', fill).on('error', () => undefined)
      fill()
    })
    const client = createConnection(proxy.port, '127.0.0.1').on('error', () => undefined)
    await once(client, 'connect')
    client.pause()
    let seen = -1
    await eventually(
      () => {
        const grown = proxy.bytesToClient - seen
        seen = proxy.bytesToClient
        expect(seen).toBeGreaterThan(0)
        expect(grown).toBe(0)
      },
      { intervalMs: 100 },
    )
    expect(seen).toBeLessThan(32 * 1_048_576)
    client.destroy()
  })

  test('All data sent before the first answer is one round trip, in however many pieces', async () => {
    let upstreamSocket: Socket | undefined
    await listen((socket) => {
      upstreamSocket = socket.resume().on('error', () => undefined)
    })
    const client = createConnection(proxy.port, '127.0.0.1')
      .on('error', () => undefined)
      .resume()
    for (let bytes = 1; bytes <= 3; bytes++) {
      client.write('x')
      await eventually(() => expect(proxy.bytesToServer).toBe(bytes))
    }
    expect(proxy.roundTrips()).toBe(1)
    upstreamSocket?.write('answer')
    await eventually(() => expect(proxy.bytesToClient).toBe(6))
    client.write('x')
    await eventually(() => expect(proxy.roundTrips()).toBe(2))
  })

  test('The end of one side reaches the other after all data sent before it', async () => {
    let received = ''
    await listen((socket) =>
      socket
        .on('data', (data) => {
          received += data.toString()
        })
        .on('end', () => socket.end('bye')),
    )
    proxy.hang()
    const client = createConnection({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    client.end('last words')
    proxy.restore()
    let answer = ''
    for await (const text of client.setEncoding('utf8')) answer += String(text)
    expect([received, answer]).toEqual(['last words', 'bye'])
    await eventually(() => expect(proxy.connections).toBe(0))
  })

  test('Closing a proxy ends both halves of every connection, even hung ones', async () => {
    const ends: string[] = []
    await listen((socket) =>
      socket.on('error', () => undefined).on('close', () => ends.push('server')),
    )
    const client = createConnection(proxy.port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => ends.push('client'))
    await eventually(() => expect(proxy.connections).toBe(1))
    await eventually(async () => expect(await countOf(upstream)).toBe(1))
    proxy.hang()
    client.write('held')
    await proxy.close()
    await proxy.close()
    await eventually(() => expect(ends.sort()).toEqual(['client', 'server']))
  })
})

function countOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
