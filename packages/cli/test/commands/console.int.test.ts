import { systemClock } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/run.ts'
import { configFile, openCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture

beforeAll(async () => {
  fixture = await openCli({ isMigrated: false })
})
afterAll(() => fixture.dispose())

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

test('The console is served until Ctrl-C, and opens for who has its address', async () => {
  const { url, access, end } = await served({})
  expect(access).toBe('operate')
  const opened = await fetch(url, { redirect: 'manual' })
  expect(opened.status).toBe(303)
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
  expect((await fetch(new URL('/', url), { headers: { cookie } })).status).toBe(200)
  expect((await fetch(new URL('/', url))).status).toBe(403)
  expect(await end()).toBe(0)
  await expect(fetch(url)).rejects.toThrow(/fetch failed/)
})

test('The console is there while PostgreSQL and Redis are not', async () => {
  const { url, access, end } = await served(
    {
      HEADWATER_POSTGRES_URL: 'postgres://postgres@127.0.0.1:1/postgres',
      HEADWATER_REDIS_URL: 'redis://127.0.0.1:1',
    },
    '--read-only',
  )
  expect(access).toBe('read')
  expect((await fetch(url, { redirect: 'manual' })).status).toBe(303)
  expect(await end()).toBe(0)
})
