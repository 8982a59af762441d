import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { once } from 'node:events'
import { orThrow } from '@headwater/core'
import { expect, test, vi } from 'vitest'
import { createConsole, serveConsole } from '../src/index.ts'
import { host, useDeployment, visitor } from './console-fixture.ts'

const deployment = useDeployment()

const isBuilt = existsSync(new URL('../client/dist/console.js', import.meta.url))
const assets = isBuilt ? ['console.js', 'console.css'] : []
const everywhere = ['', ...assets, 'api/overview', 'api/audit']

test('Nobody who is not known sees anything, scripts and styles included', async () => {
  const { get } = visitor(deployment().handle)
  for (const path of everywhere) expect((await get(path, { who: '' })).status, path).toBe(403)
  for (const path of everywhere) expect((await get(path)).status, path).toBe(200)
})

test('Who may read does not act, and nothing is written of it', async () => {
  const { act, view } = visitor(deployment().handle)
  const input = { key: 'note:1' }
  const refused = await act('caches/invalidate', input, { who: 'ada:read' })
  expect([refused.status, await refused.text()]).toEqual([403, 'you may look, but not act\n'])
  expect(await view('audit', { who: 'ada:read' })).toEqual([])
})

test('Every answer forbids scripts, styles, frames and requests of others', async () => {
  const { get } = visitor(deployment().handle)
  for (const path of [...everywhere, 'nothing']) {
    const { headers } = await get(path)
    const policy = headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('A foreign host and a foreign origin are refused before anybody is asked', async () => {
  const { get, act } = visitor(deployment().handle)
  expect((await get('', { headers: { host: 'evil.example' } })).status).toBe(403)
  const origin = { origin: 'https://evil.example' }
  expect((await act('caches/invalidate', { key: 'a' }, { headers: origin })).status).toBe(403)
})

test('An authorization that hangs or fails refuses', async () => {
  const { stores } = deployment()
  const ask = (authorize: () => Promise<undefined>) =>
    createConsole(stores, { hosts: [host], authorize })(
      new Request(`http://${host}/`, { headers: { host } }),
    )
  const hung = await ask(() => new Promise(() => undefined))
  expect([hung.status, await hung.text()]).toEqual([
    503,
    'who you are was not known within 500 ms\n',
  ])
  expect((await ask(() => Promise.reject(new Error('x')))).status).toBe(503)
})

test.each([false, true, '', 0, {}, { name: '', access: 'operate' }, { name: 'ada' }])(
  'What is no operator refuses: %j',
  async (given) => {
    const handle = createConsole(deployment().stores, {
      hosts: [host],
      authorize: () => given as never,
    })
    const headers = { host, 'x-headwater-console': '1' }
    for (const path of everywhere) {
      const { status } = await handle(new Request(`http://${host}/${path}`, { headers }))
      expect([path, status]).toEqual([path, 403])
    }
  },
)

test('What a host answers in the place of an operator is not sent', async () => {
  const own = new Response('a page', { status: 200 })
  const authorize = () => own as never
  const handle = createConsole(deployment().stores, { hosts: [host], authorize })
  const answer = await handle(new Request(`http://${host}/`, { headers: { host } }))
  expect(answer.status).toBe(403)
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
})

test('A view that another site makes a browser ask for is refused', async () => {
  const { get } = visitor(deployment().handle)
  expect((await get('api/overview', { headers: { 'x-headwater-console': '' } })).status).toBe(403)
  const crossSite = { 'sec-fetch-site': 'cross-site' }
  expect((await get('api/overview', { headers: crossSite })).status).toBe(403)
})

test('Input that breaks a rule is refused with its reason, and does nothing', async () => {
  const { act, view } = visitor(deployment().handle)
  const refused = await act('outbox/replay', { sink: '', everything: true })
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({ error: { type: 'invalid-input' } })
  const huge = await act('caches/invalidate', { key: 'x'.repeat(70_000) })
  expect(await huge.json()).toMatchObject({
    error: { message: expect.stringContaining('at most 65536 bytes') as string },
  })
  expect(await view('audit')).toEqual([])
})

test('Without a host, the token opens it for one browser, on the loopback interface', async () => {
  const served = await serveConsole(deployment().stores, { operator: 'ada' })
  const { origin, hostname } = new URL(served.url)
  expect(hostname).toBe('127.0.0.1')
  expect((await fetch(origin)).status).toBe(403)
  const wrong = await fetch(`${origin}/?token=guess`, { redirect: 'manual' })
  expect(wrong.status).toBe(403)
  const first = await fetch(served.url, { redirect: 'manual' })
  expect(first.status).toBe(303)
  const cookie = first.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
  expect((await fetch(served.url, { redirect: 'manual' })).status).toBe(403)
  const headers = { cookie: cookie.split(';')[0] ?? '', 'x-headwater-console': '1' }
  const viewer = await fetch(`${origin}/api/viewer`, { headers })
  expect(await viewer.json()).toMatchObject({ name: 'ada', access: 'operate' })
  expect(await rawStatus(served.url, { ...headers, host: 'evil.example' })).toBe(403)
  await served.close()
  await expect(fetch(origin)).rejects.toThrow()
})

test('What no browser sends is refused, and ends nothing', async () => {
  const served = await serveConsole(deployment().stores, { operator: 'ada' })
  const { host } = new URL(served.url)
  const odd: readonly [string, number][] = [
    ['TRACE /', 405],
    ['PUT /', 405],
    ['GET /\\[', 400],
    ['GET http://[', 400],
    ['GET //[/', 403],
  ]
  for (const [asked, status] of odd)
    expect([asked, await rawStatus(served.url, { host }, asked)]).toEqual([asked, status])
  expect((await fetch(served.url, { redirect: 'manual' })).status).toBe(303)
  await served.close()
})

/** The status of a request that `fetch` does not send: of another host, or a strange one. */
async function rawStatus(
  url: string,
  headers: Readonly<Record<string, string>>,
  asked = 'GET /',
): Promise<number> {
  const socket = createConnection({ port: Number(new URL(url).port), host: '127.0.0.1' })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${asked} HTTP/1.1\r\n${lines.join('')}connection: close\r\n\r\n`)
  const [data] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1])
}

test('A console that is closed leaves nothing with its stores', async () => {
  const { stores } = deployment()
  const left = new Set<unknown>()
  const own = stores.beforeClose.bind(stores)
  const spied = vi.spyOn(stores, 'beforeClose').mockImplementation((stop) => {
    const forget = own(stop)
    left.add(stop)
    return () => {
      left.delete(stop)
      forget()
    }
  })
  const served = await serveConsole(stores)
  spied.mockRestore()
  expect(left.size).toBe(2)
  await served.close()
  expect(left.size).toBe(0)
})

test('The console ends with the stores', async () => {
  const { stores } = deployment()
  const served = await serveConsole(stores)
  orThrow(await stores.close())
  await expect(fetch(served.url)).rejects.toThrow()
})
