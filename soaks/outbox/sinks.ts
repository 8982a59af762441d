import {
  defineSink,
  err,
  ok,
  ResultAsync,
  type OutboxEvent,
  type Result,
  type Sink,
  type SinkContext,
  type SinkFailure,
  type SinkReport,
  type SqlClient,
} from '@headwater/core'
import { changeOf, readAccounts, type Poison } from './accounts.ts'
import type { Destination } from './destination.ts'
import { type Mishaps, sinkTimeoutMs } from './mishaps.ts'

/** A release of the relay: the new one delivers events of one more type. */
export type Release = 'old' | 'new'

/** The types that the sinks of a release want. */
export const typesOf: Readonly<Record<Release, readonly string[]>> = {
  old: ['account.changed'],
  new: ['account.*'],
}

/** Dependencies of the sinks of a process. */
export interface SinkDeps {
  readonly release: Release
  readonly destination: Destination
  readonly mishaps: Mishaps
  /** The client with which a state sink reloads the current row. */
  readonly sql: SqlClient
}

/** The sinks of the soak by name. */
export const sinkNames = ['log', 'guarded', 'fenced'] as const
export type SinkName = (typeof sinkNames)[number]

/** Reads the states of events and returns a function that writes them. */
type Prepare = (
  events: readonly OutboxEvent[],
  context: SinkContext,
) => Promise<(signal: AbortSignal) => Promise<void>>

const chunkSize = 20

/** Creates a log sink, a state sink guarded by versions and a state sink guarded by fences. */
export function createSinks(deps: SinkDeps): Sink[] {
  const { destination, sql } = deps
  let attempts = 0
  const prepare: Readonly<Record<SinkName, Prepare>> = {
    log: async (events) => {
      const effects = events.map(({ id, payload }) => ({
        eventId: id,
        name: changeOf(payload).name,
      }))
      return (signal) => destination.append(effects, signal)
    },
    guarded: async (events) => {
      const states = await reload(sql, events)
      return (signal) => destination.replaceOlder(states, signal)
    },
    fenced: async (events, { fence }) => {
      const attempt = (attempts += 1)
      const fences = new Map(events.map((event) => [event.aggregateId, fence(event)]))
      const states = (await reload(sql, events)).map((state) => ({
        ...state,
        token: [fences.get(state.account) ?? 0n, attempt] as const,
      }))
      return (signal) => destination.replaceFenced(states, signal)
    },
  }
  return sinkNames.map((name) => createSink(name, prepare[name], deps))
}

function createSink(name: SinkName, prepare: Prepare, { mishaps, release }: SinkDeps): Sink {
  const call = new FaultySink(name, prepare, mishaps)
  return defineSink({
    name,
    types: typesOf[release],
    mode: name === 'log' ? 'log' : 'state',
    batchSize: 200,
    timeoutMs: sinkTimeoutMs,
    handle: (events, context) => new ResultAsync(call.handle(events, context)),
  })
}

function reload(sql: SqlClient, events: readonly OutboxEvent[]) {
  return readAccounts(
    sql,
    events.map(({ aggregateId }) => aggregateId),
  )
}

/**
 * A sink that applies its batches in ordered chunks, suffers mishaps before its first write and
 * dies of poison anywhere.
 */
class FaultySink {
  readonly #name: SinkName
  readonly #prepare: Prepare
  readonly #mishaps: Mishaps

  constructor(name: SinkName, prepare: Prepare, mishaps: Mishaps) {
    this.#name = name
    this.#prepare = prepare
    this.#mishaps = mishaps
  }

  async handle(
    events: readonly OutboxEvent[],
    context: SinkContext,
  ): Promise<Result<SinkReport, SinkFailure>> {
    try {
      if (this.#mishaps.isTooLarge(events.length)) throw new Refused('the batch is too large')
      const failed = new Map<OutboxEvent, SinkFailure>()
      let play: Play = (signal) => this.#mishaps.play(signal)
      for (let start = 0; start < events.length; start += chunkSize) {
        const signal = await this.#take(events.slice(start, start + chunkSize), {
          failed,
          context,
          play,
        })
        play = async () => signal
      }
      return ok({ failed: [...failed].map(([{ id }, failure]) => ({ id, failure })) })
    } catch (error) {
      if (error instanceof Mistake) throw error
      return err(
        failureOf(error instanceof Error ? error.message : 'failed', !(error instanceof Refused)),
      )
    }
  }

  async #take(
    chunk: readonly OutboxEvent[],
    { failed, context, play }: Taking,
  ): Promise<AbortSignal> {
    const fatal = chunk.findIndex((event) => this.#isFatal(event))
    const sound = (fatal < 0 ? chunk : chunk.slice(0, fatal)).filter((event) =>
      this.#isTaken(event, failed),
    )
    const write = await this.#prepare(sound, context)
    const signal = await play(context.signal)
    if (sound.length > 0) await write(signal)
    const culprit = fatal < 0 ? undefined : chunk[fatal]
    if (culprit !== undefined) this.#die(this.#poisonOf(culprit))
    return signal
  }

  /** A log must not apply an event behind a failed one of the same aggregate. */
  #isTaken(event: OutboxEvent, failed: Map<OutboxEvent, SinkFailure>): boolean {
    if ([...failed.keys()].some(({ aggregateId }) => aggregateId === event.aggregateId))
      return false
    if (this.#poisonOf(event)?.how === 'report')
      failed.set(event, failureOf('this event is poison', false))
    else if (this.#mishaps.isReluctant())
      failed.set(event, failureOf('not this event, not now', true))
    return !failed.has(event)
  }

  #isFatal(event: OutboxEvent): boolean {
    const poison = this.#poisonOf(event)
    return poison !== undefined && poison.how !== 'report'
  }

  #poisonOf({ payload }: OutboxEvent): Poison | undefined {
    const { poison } = changeOf(payload)
    return poison?.sink === this.#name && !this.#mishaps.isPoisonLifted ? poison : undefined
  }

  #die(poison: Poison | undefined): void {
    if (poison?.how === 'kill') process.kill(process.pid, 'SIGKILL')
    if (poison?.how === 'throw') throw new Mistake('the sink has a mistake')
    throw new Refused('this batch holds poison')
  }
}

/** Plays a mishap and returns the signal that the rest of the call obeys. */
type Play = (signal: AbortSignal) => Promise<AbortSignal>

interface Taking {
  readonly failed: Map<OutboxEvent, SinkFailure>
  readonly context: SinkContext
  readonly play: Play
}

class Refused extends Error {}

class Mistake extends Error {}

function failureOf(message: string, isRetryable: boolean): SinkFailure {
  return { type: 'sink-failed', message, retryable: isRetryable }
}
