import { randomBytes } from 'node:crypto'
import { createDatabase } from '@headwater/testing'
import { startMongodbProcess } from '../activity/mongodb-process.ts'
import type { Bench } from '../measure/bench.ts'
import { Child } from '../measure/child.ts'
import { say } from '../measure/say.ts'
import { startServices, type Services } from '../search/services.ts'
import { type Asked, compareAnswers, shownHits } from './answers.ts'
import type { RequestOptions } from './load/requests.ts'
import type { Meet, Round, RoundReply } from './load/generator-process.ts'
import type { Question, Reply, SideOptions } from './side-process.ts'

/** So many requests a minute that the load never meets it, though each is counted. */
const noLimit = 100_000_000
const oursProcess = new URL('./ours-process.ts', import.meta.url)
const byHandProcess = new URL('./by-hand-process.ts', import.meta.url)
/** Those of the model that both sides name. */
const dimensions = 1_536

/** A side of the contest: ours, and what it is compared with. */
export type SideName = 'ours' | 'theirs'

/** What became of a round. */
export type RoundReport = Exclude<RoundReply, { error: string }> & {
  /** CPU time that the side took for it, with what it had left for later, in milliseconds. */
  readonly cpuMs: number
}

/** Both sides, each in a process of its own, and the process that sends the load. */
export interface ApiFixture {
  /** Sends a load to one side and waits until nothing is left to do. */
  round(this: void, round: Round & { readonly side: SideName }): Promise<RoundReport>
  /** Profiles a side while something runs, into a file. */
  profile(this: void, side: SideName, file: string, run: () => Promise<unknown>): Promise<void>
  close(this: void): Promise<void>
}

/** What both sides run on, and what they are asked. */
export interface ApiFixtureOptions extends Pick<Bench, 'postgres' | 'redis'> {
  readonly isNear: boolean
  /** Whether ours is watched, and compared with itself unwatched instead of the API by hand. */
  readonly isWatched: boolean
  /** What is asked. */
  readonly requests: Pick<RequestOptions, 'writes' | 'only'>
}

/** Starts everything; both sides have the same rows, in databases of their own. */
export async function openApiFixture(options: ApiFixtureOptions): Promise<ApiFixture> {
  const { isWatched } = options
  const [mongodb, ...services] = await Promise.all([
    startMongodbProcess(),
    startServices(dimensions),
    startServices(dimensions),
  ])
  const processes = {
    ours: new Child(oursProcess),
    theirs: new Child(isWatched ? oursProcess : byHandProcess),
    generator: new Child(new URL('./load/generator-process.ts', import.meta.url)),
  }
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(processes).map((child) => child.stop()))
    await Promise.all([mongodb, ...services].map((server) => server.stop()))
  }
  try {
    const [ours, theirs] = services
    await introduce(processes, options, {
      mongodbUrl: mongodb.url,
      ours: addressesOf(ours),
      theirs: addressesOf(theirs),
    })
    return { ...roundsOf(processes), close }
  } catch (error) {
    await close()
    throw error
  }
}

function addressesOf({ pinecone, openai }: Services): SideOptions['services'] {
  return { pinecone, openai }
}

type Processes = Readonly<Record<SideName | 'generator', Child>>

/** Opens both sides, compares their answers and names them to the generator. */
async function introduce(
  { generator, ...sides }: Processes,
  { postgres, redis, isNear, isWatched, requests }: ApiFixtureOptions,
  servers: Pick<SideOptions, 'mongodbUrl'> & Readonly<Record<SideName, SideOptions['services']>>,
): Promise<void> {
  const limits = { read: noLimit, write: noLimit, search: noLimit }
  const { mongodbUrl } = servers
  const shared = { mongodbUrl, secret: randomBytes(32).toString('hex'), limits, isNear }
  say('filling both sides')
  const ours = await sides.ours.ask<Asked>({
    ...shared,
    services: servers.ours,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    database: `bench_api_ours_${process.pid}`,
    isWatched,
  } satisfies SideOptions)
  const theirs = await sides.theirs.ask<Asked>({
    ...shared,
    services: servers.theirs,
    postgresUrl: await createDatabase(postgres.url),
    redisUrl: `${redis.url}/1`,
    database: `bench_api_theirs_${process.pid}`,
    isWatched: false,
  } satisfies SideOptions)
  await compareAnswers(ours, theirs)
  for (const [side, asked] of Object.entries({ ours, theirs }))
    await generator.ask({
      ...asked,
      ...requests,
      side,
      hits: await shownHits(asked),
    } satisfies Meet)
}

function roundsOf({ generator, ...sides }: Processes): Pick<ApiFixture, 'round' | 'profile'> {
  const ask = (side: SideName, question: Question): Promise<Reply> => sides[side].ask(question)
  return {
    round: async (round) => {
      const before = await ask(round.side, { ask: 'settle' })
      const report = await generator.ask<RoundReply>(round)
      if ('error' in report) throw new Error(`${round.side}: ${report.error}`)
      const after = await ask(round.side, { ask: 'settle' })
      return { ...report, cpuMs: after.cpuMs - before.cpuMs }
    },
    profile: async (side, file, run) => {
      await ask(side, { ask: 'profile' })
      await run()
      await ask(side, { ask: 'profiled', file })
    },
  }
}
