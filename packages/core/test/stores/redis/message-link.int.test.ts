import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createClient, type RedisClientType } from '@redis/client'
import { eventually, startRedisServer, type RedisServer } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { MessageLink } from '../../../src/stores/redis/message-link.ts'
import type { RedisStore } from '../../../src/stores/redis/redis-store.ts'

let redis: RedisServer
let server: Server
let connections: Socket[]
let onConnection: (socket: Socket) => void
let link: MessageLink | undefined
let options: Record<string, unknown>[]
let heard: string[]

beforeAll(async () => {
  redis = await startRedisServer()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  connections = []
  options = []
  heard = []
  server = createServer((socket) => {
    connections.push(socket.resume())
    socket.on('error', () => undefined)
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  link?.close()
  for (const socket of connections) socket.destroy()
  server.close()
})

/** A link whose connections lead to `port`. */
function linkTo(port: number): MessageLink {
  const client = {
    sendCommand: async () => 'id=7 db=3 sub=0',
    options: { socket: {} },
    duplicate: (given: Record<string, unknown>) => {
      options.push(given)
      const own = { ...given, socket: { host: '127.0.0.1', port, reconnectStrategy: false } }
      return createClient(own as object)
    },
  } as unknown as RedisClientType
  const onTrustLost = () => () => undefined
  const store = { client, isAvailable: true, onTrustLost } as unknown as RedisStore
  link = new MessageLink(store, 'any', {
    onMessage: (text) => heard.push(text),
    onLost: () => heard.push('lost'),
    onError: () => heard.push('error'),
  })
  return link
}
const portOf = () => (server.address() as AddressInfo).port

test('A server that accepts and says nothing is connected to anew', async () => {
  onConnection = () => undefined
  linkTo(portOf())
  await eventually(() => expect(connections.length).toBeGreaterThan(1), { timeoutMs: 60_000 })
  await eventually(() => expect(connections[0]?.destroyed).toBe(true))
})

test('It uses the database that the host selected, and takes no socket in place of its own', async () => {
  const { port } = new URL(redis.url)
  const opened = linkTo(Number(port))
  await opened.connected
  expect(options[0]).toMatchObject({ database: 3, RESP: 3, maintNotifications: 'disabled' })
  await eventually(async () => {
    heard = []
    expect(await opened.subscribe('news')).toBe(true)
    await opened.run((client) => client.publish('news', 'one'))
    expect(heard).toEqual(['one'])
  })
})

test('One that is closed while it connects connects no more', async () => {
  onConnection = () => link?.close()
  linkTo(portOf())
  await eventually(() => expect(connections[0]?.destroyed).toBe(true))
  await setTimeout(1_000)
  expect(connections).toHaveLength(1)
})
