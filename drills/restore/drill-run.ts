import { setTimeout } from 'node:timers/promises'
import { orThrow, resync, type ResyncReport } from '@headwater/core'
import {
  startMongodbStandIn,
  startPineconeStandIn,
  startRedisServer,
  type MongodbStandIn,
  type PineconeStandIn,
  type RedisServer,
} from '@headwater/testing'
import { say } from '../../soaks/run/say.ts'
import { ArchivedPostgres } from './archived-postgres.ts'
import {
  findInconsistencies,
  validOf,
  type Inconsistencies,
  type Ledgers,
} from './inconsistencies.ts'
import { loseMongodb, loseRedis, loseVectors, type Loss } from './losses.ts'
import { dimensions, openPlatform, type Platform, type Servers } from './platform.ts'
import { change, emptyLedger, settle, work } from './work.ts'

/** How much earlier something may look than it is; the drill leaves that much around T. */
const marginMs = 500

/** The result of a drill. Times are in milliseconds. */
export interface DrillResult {
  /** From the restored moment to the disaster: what was written in it is lost. */
  readonly rpoMs: number
  /** Acknowledged transactions that are lost. */
  readonly lostCommits: number
  /**
   * From the disaster until PostgreSQL answered, for `resync`, and for both with the start of a
   * process and until events were delivered. Without the drill's own comparisons.
   */
  readonly rtoMs: { readonly postgres: number; readonly resync: number; readonly total: number }
  /** What was found wrong with PostgreSQL restored and nothing else done: the control. */
  readonly control: Inconsistencies
  /** What was found wrong after `resync`. */
  readonly after: Inconsistencies
  /** What was found wrong after the platform went on working. */
  readonly later: Inconsistencies
  /** Sessions from before the restored moment, and how many of them are still valid. */
  readonly sessions: { readonly before: number; readonly kept: number }
  /** What a second `resync` would still change. */
  readonly left: number
  readonly report: ResyncReport
  readonly losses: { readonly redis: Loss; readonly mongodb: Loss; readonly pinecone: Loss }
}

/** Plays the disaster and the way back, with `rounds` of work before and after the moment. */
export async function runDrill(rounds: number): Promise<DrillResult> {
  const stage = await Stage.open()
  try {
    return await play(stage, rounds)
  } finally {
    await stage.close()
  }
}

async function play(stage: Stage, rounds: number): Promise<DrillResult> {
  const ledgers = { before: emptyLedger(), after: emptyLedger() }
  const restoredTo = await workUntilDisaster(stage, ledgers, rounds)
  const { disasterMs, rpoMs } = await stage.strike(restoredTo)
  say(`restoring PostgreSQL to ${restoredTo.toISOString()}`)
  await stage.postgres.restoreTo(restoredTo)
  const postgresMs = Math.round(performance.now() - disasterMs)
  const [platform, openMs] = await timed(() => stage.platform())
  const control = await findInconsistencies(platform, ledgers)
  const restore = { restoredTo, openedAt: new Date(), marginMs, parts: platform.parts }
  const [report, resyncMs] = await timed(async () =>
    orThrow(await resync(platform.stores, { ...restore, apply: true })),
  )
  const after = await findInconsistencies(platform, ledgers)
  const again = orThrow(await resync(platform.stores, restore))
  const kept = await validOf(platform, ledgers.before.tokens)
  platform.relay.start()
  const [, deliverMs] = await timed(() => settle(platform))
  await work(platform, ledgers.before, { part: 'afterwards', rounds })
  await settle(platform)
  const later = await findInconsistencies(platform, ledgers)
  const losses = {
    redis: await loseRedis(platform, ledgers, () => stage.redis.restart()),
    mongodb: await loseMongodb(platform, ledgers, () => stage.replaceMongodb()),
    pinecone: await loseVectors(platform, ledgers),
  }
  const total = postgresMs + openMs + resyncMs + deliverMs
  return {
    rpoMs,
    lostCommits: ledgers.after.commits,
    rtoMs: { postgres: postgresMs, resync: resyncMs, total },
    control,
    after,
    later,
    sessions: { before: rounds, kept },
    left: leftOver(again),
    report,
    losses,
  }
}

/** What work returns, and the milliseconds that it took. */
async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const startedMs = performance.now()
  const value = await work()
  return [value, Math.round(performance.now() - startedMs)]
}

/** Works, notes the moment to restore to, works on; returns that moment. */
async function workUntilDisaster(stage: Stage, ledgers: Ledgers, rounds: number): Promise<Date> {
  const platform = await stage.platform()
  platform.relay.start()
  await work(platform, ledgers.before, { part: 'before', rounds: Math.ceil(rounds / 2) })
  await stage.postgres.backUp()
  await work(platform, ledgers.before, { part: 'between', rounds: Math.floor(rounds / 2) })
  await settle(platform)
  await setTimeout(2 * marginMs)
  const restoredTo = await stage.postgres.now()
  await setTimeout(marginMs)
  await work(platform, ledgers.after, { part: 'lost', rounds })
  await change(platform, ledgers.before, ledgers.after)
  await settle(platform)
  await stage.postgres.archive()
  return restoredTo
}

/** What a plan made after everything was done would still end, remove or repair. */
function leftOver({ parts }: ResyncReport): number {
  return parts
    .flatMap(({ findings }) => findings)
    .filter(({ outcome }) => ['ended', 'set-aside', 'removed', 'repaired'].includes(outcome))
    .reduce((sum, { count = 0 }) => sum + count, 0)
}

/** The servers of a drill, and the processes on them. */
class Stage {
  readonly postgres: ArchivedPostgres
  readonly redis: RedisServer
  readonly #pinecone: PineconeStandIn
  #mongodb: MongodbStandIn
  #platform: Platform | undefined

  private constructor(
    postgres: ArchivedPostgres,
    redis: RedisServer,
    others: { readonly mongodb: MongodbStandIn; readonly pinecone: PineconeStandIn },
  ) {
    this.postgres = postgres
    this.redis = redis
    this.#mongodb = others.mongodb
    this.#pinecone = others.pinecone
  }

  static async open(): Promise<Stage> {
    const [postgres, redis, mongodb, pinecone] = await Promise.all([
      ArchivedPostgres.start(),
      startRedisServer({ onProgress: say }),
      startMongodbStandIn(),
      startPineconeStandIn({ indexes: [{ name: 'course-search', dimension: dimensions }] }),
    ])
    return new Stage(postgres, redis, { mongodb, pinecone })
  }

  /** Opens a new process. */
  async platform(): Promise<Platform> {
    const servers: Servers = {
      postgresUrl: this.postgres.url,
      redisUrl: this.redis.url,
      mongodbUrl: this.#mongodb.url,
      pinecone: this.#pinecone,
    }
    this.#platform = await openPlatform(servers)
    return this.#platform
  }

  /** The disaster: PostgreSQL and its disk are gone, and then the process. */
  async strike(restoredTo: Date): Promise<{ readonly disasterMs: number; readonly rpoMs: number }> {
    const now = await this.postgres.now()
    const disasterMs = performance.now()
    await this.postgres.destroy()
    await this.#platform?.end(1_000)
    this.#platform = undefined
    return { disasterMs, rpoMs: now.getTime() - restoredTo.getTime() }
  }

  /** An empty MongoDB in the place of the one that was lost. */
  async replaceMongodb(): Promise<void> {
    const { port } = this.#mongodb
    await this.#mongodb.stop()
    this.#mongodb = await startMongodbStandIn({ port })
  }

  async close(): Promise<void> {
    await this.#platform?.end(5_000)
    await Promise.all([
      this.postgres.stop(),
      this.redis.stop(),
      this.#mongodb.stop(),
      this.#pinecone.stop(),
    ])
  }
}
