import { setTimeout } from 'node:timers/promises'
import type { FaultProxy, PostgresServer } from '@headwater/testing'
import { anyOf, between } from '../run/chance.ts'
import type { Fleet } from './fleet.ts'
import { leaseMs } from './times.ts'
import type { WorkerSlot } from './worker-slot.ts'

interface Play {
  readonly fault: string
  readonly run: () => Promise<void>
}

interface Quiet {
  readonly leastMs: number
  readonly mostMs: number
}

const quietOfRelays: Quiet = { leastMs: 100, mostMs: 900 }
const quietOfServer: Quiet = { leastMs: 1_500, mostMs: 4_000 }

/** Plays faults on two relays and on PostgreSQL at a time, and counts each. */
export class Chaos {
  readonly faults: Record<string, number> = {}
  readonly #fleet: Fleet
  readonly #postgres: PostgresServer
  restarts = 0

  constructor(fleet: Fleet, postgres: PostgresServer) {
    this.#fleet = fleet
    this.#postgres = postgres
  }

  /** Plays faults for `ms` milliseconds; all of them are over when it resolves. */
  async run(ms: number): Promise<void> {
    const endMs = performance.now() + ms
    const relays = shuffledForEver(() => this.#relayPlays())
    const server = shuffledForEver(() => this.#serverPlays())
    await Promise.all([
      this.#loop(relays, quietOfRelays, endMs),
      this.#loop(relays, quietOfRelays, endMs),
      this.#loop(server, quietOfServer, endMs),
    ])
  }

  async #loop(
    plays: Iterator<Play, never>,
    { leastMs, mostMs }: Quiet,
    endMs: number,
  ): Promise<void> {
    for (;;) {
      await setTimeout(Math.min(between(leastMs, mostMs), Math.max(0, endMs - performance.now())))
      if (performance.now() >= endMs) return
      const { fault, run } = plays.next().value
      this.faults[fault] = (this.faults[fault] ?? 0) + 1
      await run()
    }
  }

  #relayPlays(): readonly Play[] {
    const { slots } = this.#fleet
    const kill: Play = {
      fault: 'SIGKILL a relay',
      run: async () => {
        anyOf(slots).signal('SIGKILL')
      },
    }
    const longStop: Play = {
      fault: 'SIGSTOP a relay beyond its lease',
      run: () => stopFor(anyOf(slots), leaseMs * 1.1, leaseMs * 2),
    }
    const anyLong = (verb: 'cut' | 'hang', store: 'postgres' | 'redis'): Promise<void> =>
      disturb(anyOf(slots)[store], verb, { leastMs: 50, mostMs: leaseMs * 1.5 })
    return [
      kill,
      kill,
      kill,
      longStop,
      longStop,
      {
        fault: 'SIGSTOP a relay for a moment',
        run: () => stopFor(anyOf(slots), 50, leaseMs * 0.8),
      },
      { fault: 'hang PostgreSQL for a relay', run: () => anyLong('hang', 'postgres') },
      { fault: 'cut PostgreSQL from a relay', run: () => anyLong('cut', 'postgres') },
      { fault: 'hang the destination for a relay', run: () => anyLong('hang', 'redis') },
      { fault: 'cut the destination from a relay', run: () => anyLong('cut', 'redis') },
    ]
  }

  #serverPlays(): readonly Play[] {
    return [
      { fault: 'restart PostgreSQL', run: () => this.#restart() },
      {
        fault: 'shut PostgreSQL down at once',
        run: () =>
          this.#crash(async () => {
            process.kill(this.#postgres.pid, 'SIGQUIT')
          }),
      },
      { fault: 'SIGKILL PostgreSQL', run: () => this.#crash(() => this.#postgres.kill()) },
    ]
  }

  async #restart(): Promise<void> {
    await this.#postgres.restart()
    this.restarts += 1
  }

  /** Crashes the server, which recovers when it starts again. */
  async #crash(crash: () => Promise<void>): Promise<void> {
    await crash()
    await setTimeout(between(0, 500))
    await this.#restart()
  }
}

async function stopFor(slot: WorkerSlot, leastMs: number, mostMs: number): Promise<void> {
  slot.signal('SIGSTOP')
  await setTimeout(between(leastMs, mostMs))
  slot.signal('SIGCONT')
}

async function disturb(
  proxy: FaultProxy,
  verb: 'cut' | 'hang',
  { leastMs, mostMs }: Quiet,
): Promise<void> {
  proxy[verb]()
  await setTimeout(between(leastMs, mostMs))
  proxy.restore()
}

/** Yields all plays in random order, again and again. */
function* shuffledForEver(plays: () => readonly Play[]): Generator<Play, never> {
  for (;;)
    yield* plays()
      .map((play) => ({ play, at: Math.random() }))
      .sort((one, other) => one.at - other.at)
      .map(({ play }) => play)
}
