import { fileURLToPath } from 'node:url'
import { connect, migrate, orThrow, systemClock, type Stores } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Course,
  type Repositories,
} from '@headwater/repositories'
import { searchMigrations } from '@headwater/search'
import { isolate, startPineconeStandIn } from '@headwater/testing'
import { inject } from 'vitest'
import { run } from '../src/run.ts'
import type { Terminal } from '../src/terminal/terminal.ts'

/** The configuration of an application on all stores. */
export const configFile = fileURLToPath(new URL('headwater.config.ts', import.meta.url))

/** What a command printed, and how it ended. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The same with `--json`. */
export interface RanJson extends Ran {
  readonly json: Readonly<Record<string, unknown>>
}

export interface Surroundings extends Partial<Pick<Terminal, 'isErrTty' | 'isOutTty' | 'columns'>> {
  readonly env?: Terminal['env']
  readonly signal?: AbortSignal
  readonly directory?: string
}

/** Runs a command in this process. */
export async function runCli(argv: readonly string[], given: Surroundings = {}): Promise<Ran> {
  const written = { out: '', err: '' }
  const { signal = new AbortController().signal, env = {}, ...rest } = given
  const code = await run(argv, {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    isOutTty: false,
    isErrTty: false,
    columns: 200,
    env,
    directory: '/',
    clock: systemClock,
    interrupted: () => signal,
    ...rest,
  })
  return { code, ...written }
}

/** An application on its own part of every store, and its command line. */
export interface CliFixture {
  readonly stores: Stores
  readonly repositories: Repositories
  /** The variables that the stores are found by. */
  readonly env: Record<string, string>
  /** Runs a command with the configuration of {@link configFile}. */
  cli(...argv: readonly string[]): Promise<Ran>
  json(...argv: readonly string[]): Promise<RanJson>
  /** Runs a command in other surroundings. */
  cliIn(given: Surroundings, ...argv: readonly string[]): Promise<Ran>
  /** Creates and publishes courses. */
  offer(...titles: readonly string[]): Promise<readonly Course[]>
  dispose(): Promise<void>
}

/** Migrates, unless the schema is to be left empty. */
export async function openCli({ isMigrated = true } = {}): Promise<CliFixture> {
  const { postgres, redis, mongodb } = inject('stack')
  const own = await isolate({ postgres, redis, mongodb })
  const pinecone = await startPineconeStandIn({ indexes: [{ name: 'courses', dimension: 1536 }] })
  const env = {
    HEADWATER_POSTGRES_URL: own.postgres.url,
    HEADWATER_REDIS_URL: own.redis.url,
    HEADWATER_REDIS_PREFIX: own.redis.prefix,
    HEADWATER_MONGODB_URL: own.mongodb.url,
    HEADWATER_MONGODB_DATABASE: own.mongodb.database,
    HEADWATER_PINECONE_API_KEY: pinecone.apiKey,
    HEADWATER_PINECONE_URL: pinecone.url,
    HEADWATER_PINECONE_INDEX: 'courses',
  }
  const stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix, deadlineMs: 10_000 },
      mongodb: { url: own.mongodb.url, database: own.mongodb.database, deadlineMs: 30_000 },
    }),
  )
  if (isMigrated)
    orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const repositories = createRepositories(stores)
  const cliIn: CliFixture['cliIn'] = (given, ...argv) =>
    runCli([...argv, '--config', configFile], { env, ...given })
  return {
    ...{ stores, repositories, env, cliIn },
    cli: (...argv) => cliIn({}, ...argv),
    json: async (...argv) => {
      const ran = await cliIn({}, ...argv, '--json')
      return { ...ran, json: JSON.parse(ran.out) as RanJson['json'] }
    },
    offer: (...titles) => offer(repositories, titles),
    dispose: async () => {
      await stores[Symbol.asyncDispose]()
      await pinecone.stop()
      await own.dispose()
    },
  }
}

async function offer(
  { users, courses }: Repositories,
  titles: readonly string[],
): Promise<readonly Course[]> {
  const name = `teacher${titles.length}${performance.now().toString(36).replace('.', '')}`
  const account = { email: `${name}@example.org`, username: name, passwordHash: 'hash' }
  const { id: instructorId } = orThrow(await users.create(account))
  const offered: Course[] = []
  for (const title of titles) {
    const { id } = orThrow(await courses.create({ title, instructorId, price: '20.00' }))
    offered.push(orThrow(await courses.publish(id)))
  }
  return offered
}
