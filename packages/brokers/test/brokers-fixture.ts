import { randomBytes } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'
import {
  connect,
  createRelay,
  Diagnostics,
  migrate,
  orThrow,
  outbox,
  publishMany,
  type ConnectOptions,
  type DeadLetterGroup,
  type DiagnosticEvents,
  type NewEvent,
  type OutboxEvent,
  type Relay,
  type Sink,
  type SinkContext,
  type SqlResult,
  type Stores,
  type Transaction,
} from '@headwater/core'
import { eventually, isolate, type IsolatedStores } from '@headwater/testing'
import { brokersMigrations, type ReceivedEvent } from '../src/index.ts'

/** An outbox, an inbox and a table of effects, in a schema of their own. */
export interface BrokersFixture {
  readonly stores: Stores
  /** What another process connects with. */
  readonly options: ConnectOptions
  /** What consumers gave up. */
  readonly dead: DiagnosticEvents['consume:dead'][]
  readonly failed: DiagnosticEvents['consume:failed'][]
  /** Causes an outage, and waits until the sink has run into it several times. */
  untilRetried(outage: () => Promise<void> | void): Promise<void>
  relay(sink: Sink): Relay
  /**
   * Goes on publishing, a version of each of so many courses at a time, until it is stopped;
   * returns the number of events then.
   */
  startPublishing(courses?: number): { stop(): Promise<number> }
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<SqlResult<Row>>
  publish(...events: readonly NewEvent[]): Promise<readonly string[]>
  deadLetters(): Promise<readonly DeadLetterGroup[]>
  /** A handling with an effect that counts: one row each time. */
  readonly handle: (tx: Transaction, event: ReceivedEvent) => Promise<void>
  /** The effects in the order of their transactions, as `aggregate:version`. */
  effects(): Promise<readonly string[]>
}

/** Gives each test of the file its stores, and takes everything down after it. */
export function useBrokers(): () => Promise<BrokersFixture> {
  let own: IsolatedStores<'postgres' | 'redis'>
  const endings: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    own = await isolate(inject('stack'))
  })
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })
  afterAll(() => own.dispose())
  return () => open(own, endings)
}

async function open(
  own: IsolatedStores<'postgres' | 'redis'>,
  endings: (() => Promise<unknown>)[],
): Promise<BrokersFixture> {
  const schema = `s_${randomBytes(5).toString('hex')}`
  const diagnostics = new Diagnostics()
  const options: ConnectOptions = {
    postgres: { url: own.postgres.url, schema },
    redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
  }
  const stores = orThrow(await connect({ ...options, diagnostics }))
  endings.push(async () => await stores.close({ deadlineMs: 5_000 }))
  orThrow(await migrate(stores, { sets: [brokersMigrations] }))
  await stores.postgres.client.query(`CREATE TABLE "${schema}".effects (
    id bigint GENERATED ALWAYS AS IDENTITY, aggregate text NOT NULL, version bigint NOT NULL)`)
  const dead: DiagnosticEvents['consume:dead'][] = []
  const failed: DiagnosticEvents['consume:failed'][] = []
  diagnostics.on('consume:dead', (event) => void dead.push(event))
  diagnostics.on('consume:failed', (event) => void failed.push(event))
  let retries = 0
  diagnostics.on('outbox:failed', ({ retryable }) => void (retries += retryable ? 1 : 0))
  const publish = (...events: readonly NewEvent[]): Promise<readonly string[]> =>
    publishMany(stores.postgres.client, events, { schema })
  return {
    stores,
    options,
    untilRetried: async (outage) => {
      const before = retries
      await outage()
      await eventually(() => expect(retries).toBeGreaterThan(before + 2), { timeoutMs: 120_000 })
    },
    startPublishing: (courses = 20) => {
      const stopped = new AbortController()
      const published = publishVersions(publish, { courses, signal: stopped.signal })
      const stop = (): Promise<number> => {
        stopped.abort()
        return published
      }
      endings.push(stop)
      return { stop }
    },
    sql: (text, values) => stores.postgres.client.query(text, values),
    dead,
    failed,
    relay: (sink) => {
      const relay = createRelay(stores, {
        sinks: [sink],
        tickMs: 5,
        maxPollMs: 20,
        leaseMs: 10_000,
        maxBackOffMs: 500,
      })
      endings.push(async () => await relay.stop({ deadlineMs: 2_000 }))
      relay.start()
      return relay
    },
    publish,
    deadLetters: async () => orThrow(await outbox(stores).deadLetters.summary()),
    handle: async (tx, { aggregateId, version }) => {
      const values = [aggregateId, version]
      await tx.query('INSERT INTO @schema.effects (aggregate, version) VALUES ($1, $2)', values)
    },
    effects: async () => {
      const { rows } = await stores.postgres.client.query<{ effect: string }>(
        `SELECT aggregate || ':' || version AS effect FROM "${schema}".effects ORDER BY id`,
      )
      return rows.map(({ effect }) => effect)
    },
  }
}

/** Slow enough for the sinks to follow. */
const betweenVersionsMs = 50

async function publishVersions(
  publish: BrokersFixture['publish'],
  { courses, signal }: { readonly courses: number; readonly signal: AbortSignal },
): Promise<number> {
  let version = 0
  while (!signal.aborted) {
    version += 1
    await publish(...Array.from({ length: courses }, (_, id) => change(id, version)))
    await after(betweenVersionsMs)
  }
  return courses * version
}

/** An event to publish: the change that made a course this version. */
export function change(
  id: string | number,
  version: number,
  more: Partial<NewEvent> = {},
): NewEvent {
  return {
    aggregateType: 'course',
    aggregateId: id,
    type: 'course.renamed',
    version,
    payload: { id: String(id), version },
    ...more,
  }
}

/** An event as a sink receives it. */
export function logged(id: string, version: number, more: Partial<OutboxEvent> = {}): OutboxEvent {
  return {
    id: `0199c1b2-0000-7000-8000-${randomBytes(6).toString('hex')}`,
    seq: BigInt(version),
    aggregateType: 'course',
    aggregateId: id,
    type: 'course.renamed',
    version,
    payload: { id, version },
    headers: {},
    createdAt: new Date('2026-11-28T12:00:00.000Z'),
    ...more,
  }
}

/** The context of a batch that nothing interrupts. */
export function unhurried(signal: AbortSignal = new AbortController().signal): SinkContext {
  return { signal, fence: () => 1n }
}

/** Whether versions rise within each aggregate, of texts `aggregate:version`. */
export function areInOrder(effects: readonly string[]): boolean {
  const newest = new Map<string, number>()
  return effects.every((effect) => {
    const [aggregate = '', version = ''] = effect.split(':')
    const isNewer = Number(version) > (newest.get(aggregate) ?? 0)
    newest.set(aggregate, Number(version))
    return isNewer
  })
}
