import { consoleMigrations } from '@headwater/console'
import { migrate, orThrow, systemClock } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/run.ts'
import { configFile, openCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture

beforeAll(async () => {
  fixture = await openCli()
  await fixture.offer('Algebra for beginners')
  orThrow(await migrate(fixture.stores, { sets: [consoleMigrations] }))
})
afterAll(() => fixture.dispose())

/** Exchanges the token of an address for the headers of the page's own requests. */
async function openPage(url: URL): Promise<Record<string, string>> {
  const opened = await fetch(url, { redirect: 'manual' })
  expect(opened.status).toBe(303)
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
  return { cookie, 'x-headwater-console': '1', origin: url.origin }
}

interface Served {
  readonly url: URL
  readonly access: string
  /** Presses Ctrl-C, and resolves with the exit code. */
  readonly end: () => Promise<number>
}

async function served(env: Record<string, string>, ...argv: readonly string[]): Promise<Served> {
  const pressed = new AbortController()
  const out: string[] = []
  const ended = run(['console', '--json', '--config', configFile, ...argv], {
    out: (text) => void out.push(text),
    err: () => undefined,
    isOutTty: false,
    isErrTty: false,
    columns: 80,
    env: { ...fixture.env, ...env },
    directory: '/',
    clock: systemClock,
    interrupted: () => pressed.signal,
  })
  await eventually(() => {
    expect(out.join('')).toMatch(/\n$/)
  })
  const { url, access } = JSON.parse(out.join('')) as { readonly url: string; access: string }
  const end = async (): Promise<number> => {
    pressed.abort()
    return ended
  }
  return { url: new URL(url), access, end }
}

test('The console is served until Ctrl-C, with the search of the configuration, for who has its address', async () => {
  const { url, access, end } = await served({})
  expect(access).toBe('operate')
  const headers = await openPage(url)
  expect((await fetch(new URL('/', url))).status).toBe(403)
  const tried = await fetch(new URL('/api/search/try', url), {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'algebra' }),
  })
  expect([tried.status, await tried.text()]).toEqual([
    200,
    expect.stringContaining('Algebra for beginners'),
  ])
  const sessions = await fetch(new URL('/api/sessions/user?userId=1', url), { headers })
  expect(sessions.status).toBe(200)
  expect(await end()).toBe(0)
  await expect(fetch(url)).rejects.toThrow(/fetch failed/)
})

test('The console tells what is wrong while PostgreSQL and Redis are away', async () => {
  const { url, access, end } = await served(
    {
      HEADWATER_POSTGRES_URL: 'postgres://postgres@127.0.0.1:1/postgres',
      HEADWATER_REDIS_URL: 'redis://127.0.0.1:1',
    },
    '--read-only',
  )
  expect(access).toBe('read')
  const overview = await fetch(new URL('/api/overview', url), { headers: await openPage(url) })
  expect([overview.status, await overview.text()]).toEqual([
    200,
    expect.stringContaining('127.0.0.1:1'),
  ])
  expect(await end()).toBe(0)
})
