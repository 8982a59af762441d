import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { textOf } from '../../benchmarks/api/load/requests.ts'
import { Connections } from '../generator/connections.ts'

let server: Server
let url: string
let connections: Connections

beforeEach(async () => {
  server = createServer((request, response) => {
    if (request.url === '/silent') return
    if (request.url === '/cut') return void request.socket.destroy()
    response.statusCode = Number(request.url?.slice(1))
    response.setHeader('Content-Length', 0)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  url = `http://127.0.0.1:${port}`
  connections = new Connections(url, { timeoutMs: 60_000 })
})
afterEach(async () => {
  connections.close()
  server.closeAllConnections()
  server.close()
})

const ask = (path: string) => connections.ask(textOf('GET', path, '', undefined))

test('Every way in which a request can fail has a name, and the next one is not affected', async () => {
  expect(await ask('/200')).toBe('ok')
  expect(await ask('/201')).toBe('ok')
  expect(await ask('/503')).toBe('503')
  expect(await ask('/cut')).toBe('no answer')
  expect(await ask('/204')).toBe('ok')
  const nowhere = new Connections('http://127.0.0.1:1', { timeoutMs: 60_000 })
  expect(await nowhere.ask('')).toBe('no connection')
  const hasty = new Connections(url, { timeoutMs: 300 })
  expect(await hasty.ask(textOf('GET', '/silent', '', undefined))).toBe('timeout')
  hasty.close()
})

test('A connection is used again, and more are opened while it is taken', async () => {
  let opened = 0
  server.on('connection', () => (opened += 1))
  await ask('/200')
  await ask('/200')
  expect(opened).toBe(1)
  await Promise.all([ask('/200'), ask('/200'), ask('/200')])
  expect(opened).toBe(3)
})
