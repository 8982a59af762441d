import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { connect } from '@headwater/core'

let server: Server | undefined

afterEach(() => {
  server?.close()
})

/** A message of PostgreSQL's protocol. */
function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + Buffer.byteLength(body, 'latin1'))
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body, 'latin1')])
}

const authenticated = message('R', '\0\0\0\0')
const ready = message('Z', 'I')
const farewell = message(
  'E',
  'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0',
)

test('connect fails as unavailable when PostgreSQL shuts down just as a connection is ready', async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.end(Buffer.concat([authenticated, ready, farewell]))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connected = await connect({
    postgres: { url: `postgres://nobody@127.0.0.1:${port}/none` },
    redis: { url: 'redis://127.0.0.1:1' },
    connectDeadlineMs: 400,
  })
  expect(connected.isErr() && connected.error).toMatchObject({
    type: 'store-unavailable',
    store: 'postgres',
  })
})
