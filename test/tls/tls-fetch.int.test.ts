import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { tlsFetch } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAuthority } from './certificates.ts'

let server: Server
let url: string
let send: typeof fetch
/** Connections that were made, and those of them that are open. */
let made = 0
let open = 0

beforeAll(async () => {
  const authority = await makeAuthority('good')
  server = createServer(await authority.sign(), ({ url: path }, response) => {
    if (path !== '/silent') response.end('{}')
  })
  // Else it announces when it closes an idle connection, and clients are there before it.
  server.keepAliveTimeout = 0
  server.on('secureConnection', (socket) => {
    made += 1
    open += 1
    socket.on('close', () => {
      open -= 1
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  send = tlsFetch({ ca: authority.ca })
})
beforeEach(() => {
  made = 0
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

describe('tlsFetch', () => {
  test('A connection serves several requests, and is closed when it stays idle', async () => {
    for (let requests = 0; requests < 3; requests += 1) await (await send(url)).text()
    expect(made).toBe(1)
    await eventually(() => open === 0, { timeoutMs: 30_000 })
  })

  test('A request ends with its signal, also after garbage was collected', async () => {
    const caller = new AbortController()
    const answered = send(`${url}/silent`, { signal: caller.signal })
    await eventually(() => open === 1)
    collectGarbage()
    caller.abort()
    await expect(answered).rejects.toThrow(/abort/i)
    await eventually(() => open === 0)
  })
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
