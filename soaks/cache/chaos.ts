import { setTimeout } from 'node:timers/promises'
import type { PostgresServer, RedisServer } from '@headwater/testing'
import { createClient } from '@redis/client'
import { anyOf, between, weighted } from '../run/chance.ts'
import { closeIdleConnections } from '../run/postgres-faults.ts'
import { setClock } from './clock-steps.ts'
import { Failover } from './failover.ts'
import type { Fleet } from './fleet.ts'
import type { FaultWindow } from './judge.ts'
import { nowNs } from './ledger.ts'
import { nearPlays, openingPlay } from './near/near-plays.ts'
import type { Play } from './play.ts'
import { transactionMs } from './subject.ts'
import type { WorkerSlot } from './worker-slot.ts'

const shortestQuietMs = 150
const longestQuietMs = 1_200
const nearShare = 0.5
const evictEveryMs = 60
/** Small, because every commit waits for a second after it. */
const membersShare = 0.03
const beatMs = 20
/** A pause of this process in which a command may have missed its deadline of 100 ms. */
const stallMs = 70

/**
 * Evicts a random key unless it is a hold. Redis evicts keys that have an expiry, but the promise
 * of the cache excludes a server that loses an acknowledged hold without a restart; such a server
 * must run with `noeviction` or spare memory. Values, leases and tags may be evicted at any time,
 * and so may the lists of members, which have no expiry: ARGV[1] says whether one shall be.
 */
const evict = `
local key = redis.call('RANDOMKEY')
if not key then return 0 end
local state = redis.pcall('GET', key)
if type(state) == 'string' and string.sub(state, 1, 3) == 'h1 ' then return 0 end
if type(state) ~= 'string' and ARGV[1] == '0' then return 0 end
return redis.call('DEL', key)`

/** The servers that fail. */
export interface ChaosServers {
  readonly redis: RedisServer
  readonly replica: RedisServer
  readonly postgres: PostgresServer
  readonly postgresUrl: string
}

/** Plays one fault after the other, with pauses between them, and records when. */
export class Chaos {
  readonly windows: FaultWindow[] = []
  readonly #fleet: Fleet
  readonly #redis: RedisServer
  readonly #failover: Failover
  readonly #postgres: PostgresServer
  readonly #postgresUrl: string
  readonly #ending = new AbortController()
  #hasSnapshot = false

  constructor(fleet: Fleet, { redis, replica, postgres, postgresUrl }: ChaosServers) {
    this.#fleet = fleet
    this.#redis = redis
    this.#failover = new Failover(redis, replica)
    this.#postgres = postgres
    this.#postgresUrl = postgresUrl
  }

  /** Plays faults for `ms` milliseconds; the last one is over when it resolves. */
  async run(ms: number): Promise<void> {
    const [evicting, beating] = [this.#evict(), this.#beat()]
    const end = nowNs() + ms * 1e6
    const opening = openingPlay(this.#fleet)
    if (opening !== undefined) await this.#play(opening)
    while (nowNs() < end) {
      await setTimeout(
        Math.min(between(shortestQuietMs, longestQuietMs), Math.max(0, (end - nowNs()) / 1e6)),
      )
      if (nowNs() < end) await this.#play(weighted(this.#mayPlay()))
    }
    this.#ending.abort()
    await Promise.all([evicting, beating])
  }

  async #play({ fault, slot, isOfRedis = true, run }: Play): Promise<void> {
    const from = nowNs()
    await run()
    this.windows.push({ fault, process: slot?.name, isOfRedis, from, to: nowNs() })
  }

  #mayPlay(): readonly Play[] {
    const ofNear = nearPlays(this.#fleet)
    return ofNear.length > 0 && Math.random() < nearShare ? ofNear : this.#plays()
  }

  #plays(): readonly Play[] {
    const { slots, writers } = this.#fleet
    const [one, writer] = [anyOf(slots), anyOf(writers)]
    return [
      { fault: `cut ${one.name}`, weight: 3, slot: one, run: () => during(50, 900, [one], 'cut') },
      {
        fault: `hang ${one.name}`,
        weight: 3,
        slot: one,
        run: () => during(50, 900, [one], 'hang'),
      },
      {
        fault: `cut ${writer.name}`,
        weight: 2,
        slot: writer,
        run: () => during(50, 900, [writer], 'cut'),
      },
      { fault: 'cut every process', weight: 2, run: () => during(0, 400, slots, 'cut') },
      { fault: 'hang every process', weight: 2, run: () => during(50, 500, slots, 'hang') },
      { fault: 'SIGSTOP Redis', weight: 2, run: () => this.#pause() },
      {
        fault: 'kill Redis, restart it empty',
        weight: 2,
        run: () => this.#restart({ keepData: false }),
      },
      { fault: 'snapshot', weight: 2, isOfRedis: false, run: () => this.#snapshot() },
      {
        fault: 'kill Redis, restart it from its snapshot',
        weight: this.#hasSnapshot ? 3 : 0,
        run: () => this.#restart({ keepData: true }),
      },
      {
        fault: `SIGKILL ${writer.name}`,
        weight: 3,
        slot: writer,
        isOfRedis: false,
        run: async () => {
          writer.kill()
        },
      },
      {
        fault: `cut PostgreSQL from ${writer.name}`,
        weight: 2,
        slot: writer,
        isOfRedis: false,
        run: () => disturbPostgres(writer, 'cut'),
      },
      {
        fault: `hang PostgreSQL for ${writer.name}`,
        weight: 2,
        slot: writer,
        isOfRedis: false,
        run: () => disturbPostgres(writer, 'hang'),
      },
      {
        fault: 'fail Redis over to its replica and back',
        weight: 3,
        run: () => this.#failover.thereAndBack(slots.flatMap(({ ways }) => ways)),
      },
      {
        fault: 'demote Redis and promote it again',
        weight: 2,
        run: () => this.#failover.demote(),
      },
      {
        fault: 'promote a standby of PostgreSQL',
        weight: 2,
        isOfRedis: false,
        run: () => this.#postgres.promote(),
      },
      {
        fault: 'close the idle connections to PostgreSQL',
        weight: 2,
        isOfRedis: false,
        run: () => closeIdleConnections(this.#postgresUrl),
      },
      {
        fault: 'set the clock of PostgreSQL',
        weight: 2,
        isOfRedis: false,
        run: () => setClock(this.#postgresUrl),
      },
      {
        fault: 'hang PostgreSQL for the writers, kill Redis and restart it empty',
        weight: 4,
        run: () => this.#restartBeforeCommits(),
      },
    ]
  }

  async #pause(): Promise<void> {
    await this.#redis.pause()
    await setTimeout(between(20, 500))
    await this.#redis.resume()
  }

  async #snapshot(): Promise<void> {
    await this.#redis.snapshot()
    this.#hasSnapshot = true
  }

  async #restart(options: { keepData: boolean }): Promise<void> {
    await this.#redis.kill()
    await setTimeout(between(0, 300))
    await this.#redis.restart(options)
    this.#hasSnapshot = options.keepData
  }

  /** Loses acknowledged holds before their COMMIT arrives, and sometimes the writer as well. */
  async #restartBeforeCommits(): Promise<void> {
    const { writers } = this.#fleet
    for (const { postgres } of writers) postgres.hang()
    const hung = setTimeout(between(transactionMs - 400, transactionMs - 30))
    await this.#redis.kill()
    await this.#redis.restart()
    this.#hasSnapshot = false
    await hung
    if (Math.random() < 0.5) anyOf(writers).kill()
    for (const { postgres } of writers) postgres.restore()
  }

  /** Records pauses of this process: the proxies live in it, so no process reaches Redis then. */
  async #beat(): Promise<void> {
    let from = nowNs()
    while (!this.#ending.signal.aborted) {
      await setTimeout(beatMs)
      const to = nowNs()
      if (to - from > (beatMs + stallMs) * 1e6)
        this.windows.push({
          fault: 'the machine was busy',
          process: undefined,
          isOfRedis: true,
          from,
          to,
        })
      from = to
    }
  }

  async #evict(): Promise<void> {
    const client = createClient({ url: this.#redis.url, disableOfflineQueue: true }).on(
      'error',
      () => undefined,
    )
    await client.connect()
    while (!this.#ending.signal.aborted) {
      const options = { arguments: [Math.random() < membersShare ? '1' : '0'] }
      await Promise.race([client.eval(evict, options).catch(() => undefined), setTimeout(1_000)])
      await setTimeout(evictEveryMs)
    }
    client.destroy()
  }
}

async function during(
  leastMs: number,
  mostMs: number,
  slots: readonly WorkerSlot[],
  verb: 'cut' | 'hang',
): Promise<void> {
  for (const { redis } of slots) redis[verb]()
  await setTimeout(between(leastMs, mostMs))
  for (const { redis } of slots) redis.restore()
}

async function disturbPostgres({ postgres }: WorkerSlot, verb: 'cut' | 'hang'): Promise<void> {
  postgres[verb]()
  await setTimeout(between(10, transactionMs - 30))
  postgres.restore()
}
