import type { PostgresServer } from '@headwater/testing'
import { anyOf } from '../run/chance.ts'
import { disturb, type Play, rest, type Span } from '../run/play.ts'
import { closeIdleConnections } from '../run/postgres-faults.ts'
import { stepClock } from './clock-step.ts'
import type { Fleet } from './fleet.ts'
import { leaseMs } from './times.ts'
import type { WorkerSlot } from './worker-slot.ts'

const quietOfRelays: Span = { leastMs: 100, mostMs: 900 }
const quietOfServer: Span = { leastMs: 1_500, mostMs: 4_000 }
const steps = [-60, 60]

/** Plays faults on two relays and on PostgreSQL at a time, and counts each. */
export class Chaos {
  readonly faults: Record<string, number> = {}
  readonly #fleet: Fleet
  readonly #postgres: PostgresServer
  readonly #postgresUrl: string
  /** Restarts of PostgreSQL, after a shutdown, a crash or a promotion. */
  restarts = 0
  #steps = 0

  constructor(
    fleet: Fleet,
    { postgres, postgresUrl }: { readonly postgres: PostgresServer; readonly postgresUrl: string },
  ) {
    this.#fleet = fleet
    this.#postgres = postgres
    this.#postgresUrl = postgresUrl
  }

  /** The faults that were never played. */
  get missing(): readonly string[] {
    return [...this.#relayPlays(), ...this.#serverPlays()]
      .map(({ fault }) => fault)
      .filter((fault) => this.faults[fault] === undefined)
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

  async #loop(plays: Iterator<Play, never>, quiet: Span, endMs: number): Promise<void> {
    for (;;) {
      await rest(quiet, endMs)
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
      run: () => stopFor(anyOf(slots), { leastMs: leaseMs * 1.1, mostMs: leaseMs * 2 }),
    }
    const anyLong = (verb: 'cut' | 'hang', store: 'postgres' | 'redis'): Promise<void> =>
      disturb([anyOf(slots)[store]], verb, { leastMs: 50, mostMs: leaseMs * 1.5 })
    return [
      kill,
      kill,
      kill,
      longStop,
      longStop,
      {
        fault: 'SIGSTOP a relay for a moment',
        run: () => stopFor(anyOf(slots), { leastMs: 50, mostMs: leaseMs * 0.8 }),
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
      {
        fault: 'promote a standby of PostgreSQL',
        run: async () => {
          await this.#postgres.promote()
          this.restarts += 1
        },
      },
      {
        fault: 'close the idle connections to PostgreSQL',
        run: () => closeIdleConnections(this.#postgresUrl),
      },
      {
        fault: 'set the clock of PostgreSQL by an hour',
        run: () => this.#stepClock(),
      },
    ]
  }

  async #restart(): Promise<void> {
    await this.#postgres.restart()
    this.restarts += 1
  }

  /** Crashes the server, which recovers when it starts again. */
  async #crash(crash: () => Promise<void>): Promise<void> {
    await crash()
    await rest({ leastMs: 0, mostMs: 500 })
    await this.#restart()
  }

  /** Back and forward in turns, so that the stored times stay near the present. */
  async #stepClock(): Promise<void> {
    const minutes = steps[this.#steps++ % steps.length] ?? 0
    await stepClock(this.#postgresUrl, minutes)
  }
}

async function stopFor(slot: WorkerSlot, span: Span): Promise<void> {
  slot.signal('SIGSTOP')
  await rest(span)
  slot.signal('SIGCONT')
}

/** Yields all plays in random order, again and again. */
function* shuffledForEver(plays: () => readonly Play[]): Generator<Play, never> {
  for (;;)
    yield* plays()
      .map((play) => ({ play, at: Math.random() }))
      .sort((one, other) => one.at - other.at)
      .map(({ play }) => play)
}
