import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isolate } from '@headwater/testing'
import { expect, inject } from 'vitest'

interface Seen {
  readonly applied: readonly string[]
  readonly again: string
  readonly missing: readonly string[]
}

/** A command that runs the quick start. */
export interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the quick start in a database of its own and checks all that it saw. */
export async function expectQuickStart({ command, args, cwd, env }: Start): Promise<void> {
  const own = await isolate(inject('stack'))
  try {
    const { stdout } = await promisify(execFile)(command, [...args], {
      cwd,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ...env,
        HEADWATER_POSTGRES_URL: own.postgres.url,
        HEADWATER_REDIS_URL: own.redis.url,
        HEADWATER_REDIS_PREFIX: own.redis.prefix,
      },
    })
    expectAllSeen(JSON.parse(stdout) as Seen)
  } finally {
    await own.dispose()
  }
}

function expectAllSeen({ applied, again, missing }: Seen): void {
  const firsts = ['core/0001_outbox.sql', 'repositories/0001_users_courses_enrollments.sql']
  expect(applied).toEqual(expect.arrayContaining([...firsts, 'search/0001_title_trigrams.sql']))
  expect(new Set(applied.map((name) => name.split('/')[1])).size).toBe(applied.length)
  expect(again).toBe('already-enrolled')
  expect(missing).toEqual(['npm install mongodb', 'npm install openai'])
}
