import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { inspect } from 'node:util'
import { isolate, startPostgresServer, startPostgresStandby } from '@headwater/testing'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { fencesOf, read } from '../documentation/markdown.ts'

interface Surroundings {
  readonly variables: Readonly<Record<string, string>>
  readonly dispose: () => Promise<unknown>
}

const guides: readonly [
  name: string,
  page: string,
  program: () => Promise<unknown>,
  surroundings?: () => Promise<Surroundings>,
][] = [
  ['the project', 'README.md', () => import('./programs/readme.ts')],
  ['the first program', 'docs/getting-started.md', () => import('./programs/getting-started.ts')],
  [
    'sessions and rate limits',
    'docs/guides/sessions-and-rate-limits.md',
    () => import('./programs/sessions-and-rate-limits.ts'),
  ],
  ['own tables', 'docs/guides/own-tables.md', () => import('./programs/own-tables.ts')],
  ['sinks', 'docs/guides/sinks.md', () => import('./programs/sinks.ts')],
  ['telemetry', 'docs/guides/telemetry.md', () => import('./programs/telemetry.ts')],
  ['testing', 'docs/guides/testing.md', () => import('./programs/testing.ts')],
  ['results', 'docs/guides/results.md', () => import('./programs/results.ts')],
  ['replicas', 'docs/guides/replicas.md', () => import('./programs/replicas.ts'), withReplica],
]

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test.each(guides)('The program about %s prints what its comments say', async (...guide) => {
  const [, page, program, surroundings = isolated] = guide
  const own = await surroundings()
  for (const [name, value] of Object.entries(own.variables)) vi.stubEnv(name, value)
  const printed: string[] = []
  vi.spyOn(console, 'log').mockImplementation((...values: readonly unknown[]) => {
    printed.push(values.map(textOf).join(' '))
  })
  await program()
  await own.dispose()
  const code = await codeOf(page)
  const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map(([, text]) => text)
  expect(promised.length).toBeGreaterThan(1)
  expect(printed).toEqual(promised)
})

test('Every snippet of these guides is part of a program that is run', async () => {
  const programs = await Promise.all(guides.map(([, page]) => codeOf(page)))
  const code = [...programs, read('examples/quick-start/src/main.ts')].join('\n')
  const snippets = guides.flatMap(([, page]) => fencesOf(read(page), 'ts'))
  expect(snippets.length).toBeGreaterThan(guides.length)
  expect(snippets.filter((snippet) => !code.includes(snippet.trimEnd()))).toEqual([])
})

async function isolated(): Promise<Surroundings> {
  const own = await isolate(inject('stack'))
  const variables = {
    HEADWATER_POSTGRES_URL: own.postgres.url,
    HEADWATER_REDIS_URL: own.redis.url,
    HEADWATER_REDIS_PREFIX: own.redis.prefix,
  }
  return { variables, dispose: () => own.dispose() }
}

async function withReplica(): Promise<Surroundings> {
  const own = await isolated()
  const primary = await startPostgresServer()
  const standby = await startPostgresStandby(primary)
  const variables = {
    ...own.variables,
    HEADWATER_POSTGRES_URL: primary.url,
    HEADWATER_POSTGRES_REPLICA_URL: standby.url,
  }
  const dispose = async () => {
    await standby.stop()
    await primary.stop()
    await own.dispose()
  }
  return { variables, dispose }
}

async function codeOf(page: string): Promise<string> {
  const name = path.basename(page, '.md').toLowerCase()
  return readFile(new URL(`./programs/${name}.ts`, import.meta.url), 'utf8')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value)
}
