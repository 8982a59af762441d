import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import {
  allDelivered,
  createRelay,
  defineSink,
  okAsync,
  orThrow,
  type Relay,
  type Stores,
} from '@headwater/core'
import { median } from '../measure/alternate.ts'
import { monotonicMs } from '../measure/monotonic-clock.ts'
import { commitEvents } from './commit-events.ts'
import type { OutboxFixture } from './outbox-fixture.ts'

const commits = 200
const leastPauseMs = 120

/** Times from commits to the sink, in milliseconds. */
export interface Latency {
  /** From each commit's return to the call of the sink. */
  readonly timesMs: readonly number[]
  /** Median duration of each statement in between, by operation. */
  readonly statementsMs: ReadonlyMap<string, number>
}

/** Where the events are committed: another process tells the relay over Redis. */
export interface LatencyOptions {
  readonly from: 'this process' | 'another process'
}

/**
 * Commits one event after the other, each once a relay with default options was idle for a while,
 * and times its way to the sink.
 */
export async function measureLatency(
  fixture: OutboxFixture,
  { from }: LatencyOptions,
): Promise<Latency> {
  const { stores } = fixture
  const committer = from === 'this process' ? committerHere(stores) : await forkCommitter(fixture)
  let arrived = Promise.withResolvers<number>()
  const relay = createRelay(stores, {
    sinks: [latencySink(() => arrived.resolve(monotonicMs()))],
  })
  orThrow(await relay.drain())
  const timesMs: number[] = []
  const statements = new Statements(stores)
  for (let commit = 0; commit < commits; commit += 1) {
    await setTimeout(leastPauseMs + Math.random() * leastPauseMs)
    arrived = Promise.withResolvers<number>()
    const committedAt = await committer.commit(commit)
    const ignore = statements.record()
    timesMs.push((await arrived.promise) - committedAt)
    ignore()
  }
  await end(relay, committer)
  return { timesMs, statementsMs: statements.mediansMs(commits / 2) }
}

function latencySink(onEvents: () => void) {
  return defineSink({
    name: 'latency',
    types: ['*'],
    mode: 'log',
    startAt: 'head',
    handle: () => {
      onEvents()
      return okAsync(allDelivered)
    },
  })
}

async function end(relay: Relay, committer: Committer): Promise<void> {
  orThrow(await relay.stop())
  committer.stop()
}

interface Committer {
  /** Commits an event and resolves to the monotonic time at which its commit returned. */
  commit(aggregateId: number): Promise<number>
  stop(): void
}

function committerHere(stores: Stores): Committer {
  return { commit: (id) => commitEvents(stores, [id]), stop: () => undefined }
}

async function forkCommitter({ url, redisUrl }: OutboxFixture): Promise<Committer> {
  const child = fork(new URL('./committer.ts', import.meta.url), {
    execArgv: ['--conditions=headwater-source'],
  })
  const ask = async (message: object | number): Promise<number> => {
    child.send(message)
    const [answer] = (await once(child, 'message')) as [number]
    return answer
  }
  await ask({ url, redisUrl })
  return { commit: ask, stop: () => child.kill('SIGKILL') }
}

/** The durations of the stores' operations while it records. */
class Statements {
  readonly #stores: Stores
  readonly #durationsMs = new Map<string, number[]>()

  constructor(stores: Stores) {
    this.#stores = stores
  }

  record(): () => void {
    return this.#stores.diagnostics.on('store:operation', ({ operation, durationMs }) => {
      this.#durationsMs.set(operation, [...(this.#durationsMs.get(operation) ?? []), durationMs])
    })
  }

  /** Medians of the operations that ran more than `least` times. */
  mediansMs(least: number): ReadonlyMap<string, number> {
    const usual = [...this.#durationsMs].filter(([, durations]) => durations.length > least)
    return new Map(usual.map(([operation, durations]) => [operation, median(durations)]))
  }
}
