import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Diagnostics, systemClock, type Stores } from '@headwater/core'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { createConsole, nodeListener, type ConsoleHandler } from '../src/index.ts'

/** Says what it was asked. */
const echo: ConsoleHandler = async (request) => {
  const { pathname, search } = new URL(request.url)
  return new Response(
    JSON.stringify({
      asked: `${request.method} ${pathname}${search}`,
      host: request.headers.get('host'),
      header: request.headers.get('x-headwater-console'),
      body: request.method === 'POST' ? await request.text() : '',
    }),
    { status: 207, headers: { 'Content-Type': 'application/json', 'X-Said': 'yes' } },
  )
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function portOf(server: Server): Promise<number> {
  closing.push(() => server.close())
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function listening(listener: RequestListener): Promise<number> {
  return portOf(createServer(listener).listen(0, '127.0.0.1'))
}

const hosts: Readonly<Record<string, () => Promise<number>>> = {
  'node:http': () => listening((request, response) => void nodeListener(echo)(request, response)),
  Express: () => {
    const app = express()
    app.use('/console', nodeListener(echo))
    return listening(app)
  },
  // As NestJS, which parses bodies before what it is told to use.
  'Express that parses bodies': () => {
    const app = express()
    app.use(express.json())
    app.use('/console', nodeListener(echo))
    return listening(app)
  },
  Fastify: async () => {
    const app = fastify()
    const listener = nodeListener(echo)
    app.all('/console/*', async (request, reply) => {
      void reply.hijack()
      await listener(Object.assign(request.raw, { body: request.body }), reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    closing.push(() => app.close())
    return (app.server.address() as AddressInfo).port
  },
  Hono: () => {
    const app = new Hono()
    app.all('/console/*', (c) => echo(c.req.raw))
    return portOf(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
  },
}

test.each(Object.keys(hosts))('%s hands on the path, the headers and the body', async (name) => {
  const port = (await hosts[name]?.()) ?? 0
  const url = `http://127.0.0.1:${port}/console/api/a`
  const shown = await fetch(`${url}?b=c`)
  expect([shown.status, shown.headers.get('x-said')]).toEqual([207, 'yes'])
  expect(await shown.json()).toMatchObject({
    asked: 'GET /console/api/a?b=c',
    host: `127.0.0.1:${port}`,
  })
  const acted = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Headwater-Console': '1' },
    body: '{"key":"ä"}',
  })
  expect(await acted.json()).toMatchObject({
    asked: 'POST /console/api/a',
    header: '1',
    body: '{"key":"ä"}',
  })
})

test('A handler that fails is answered, and the next request as well', async () => {
  let hasFailed = false
  const handle: ConsoleHandler = (request) => {
    if (hasFailed) return echo(request)
    hasFailed = true
    return Promise.reject(new Error('a mistake'))
  }
  const listener = nodeListener(handle)
  const port = await listening((request, response) => void listener(request, response))
  const failed = await fetch(`http://127.0.0.1:${port}/`)
  expect([failed.status, await failed.text()]).toEqual([500, 'the console failed\n'])
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(207)
})

test('Behind a proxy that sets its own host, each public name may act, and a foreign one may not', async () => {
  const stores = {
    diagnostics: new Diagnostics(),
    clock: systemClock,
    postgres: {},
    beforeClose: () => () => undefined,
  } as unknown as Stores
  const handle = createConsole(stores, {
    hosts: ['console:8080', 'OPS.example.com', 'ops.example.org:8443'],
    authorize: () => ({ name: 'ada', access: 'read' }),
  })
  closing.push(() => {
    handle.stop()
  })
  const actFrom = async (origin: string) => {
    const request = new Request('http://console:8080/api/caches/invalidate', {
      method: 'POST',
      headers: { host: 'console:8080', origin, 'x-headwater-console': '1' },
      body: '{}',
    })
    return (await handle(request)).text()
  }
  // Who may only look is told so once the request itself was not refused.
  for (const origin of ['https://ops.example.com', 'https://ops.example.org:8443'])
    expect(await actFrom(origin)).toBe('you may look, but not act\n')
  for (const origin of ['https://ops.example.org', 'https://evil.example', 'null'])
    expect(await actFrom(origin)).toContain('an action comes from the origin of the console')
})
