import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'
import {
  allDelivered,
  connect,
  createRelay,
  Diagnostics,
  defineSink,
  migrate,
  okAsync,
  orThrow,
  outbox,
  publishMany,
  type ConnectOptions,
  type DiagnosticEvents,
  type NewEvent,
  type Outbox,
  type OutboxEvent,
  type Relay,
  type RelayOptions,
  type Sink,
  type SqlClient,
  type Stores,
} from '@headwater/core'
import { eventually, isolate, type IsolatedStores } from '@headwater/testing'
import type { SinkOpening } from '../../src/outbox/relay/cursor.ts'

/** An empty outbox in a schema of its own, and what tests do with it. */
export interface OutboxFixture {
  readonly stores: Stores
  readonly outbox: Outbox
  readonly schema: string
  readonly url: string
  /** What the relays complained about. */
  readonly errors: unknown[]
  readonly diagnostics: Diagnostics
  /** Connects once more, as another process would; closed after the test. */
  connect(): Promise<Stores>
  /** Another session, for a transaction of its own. */
  session(): Promise<Session>
  /** Creates a relay with short times; stopped after the test. */
  relay(sinks: readonly Sink[], options?: Partial<RelayOptions>): Relay
  publish(...events: readonly NewEvent[]): Promise<readonly string[]>
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

export interface Session {
  /** Runs a statement in which `@schema.` stands for the schema. */
  run<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<Row[]>
  publish(...events: readonly NewEvent[]): Promise<readonly string[]>
}

interface OutboxOpening {
  /** The URL to connect with, in place of the server's own. */
  readonly url?: (url: string) => string
  /** Further options of PostgreSQL. */
  readonly postgres?: Partial<ConnectOptions['postgres']>
}

/** Gives each test of the file an outbox, and takes everything down after it. */
export function useOutbox(): (options?: OutboxOpening) => Promise<OutboxFixture> {
  let own: IsolatedStores<'postgres' | 'redis'>
  const endings: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    own = await isolate(inject('stack'))
  })
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })
  afterAll(() => own.dispose())
  return async ({ url = (direct: string) => direct, postgres = {} } = {}) =>
    open({ own, postgres: { ...postgres, url: url(own.postgres.url) }, endings })
}

interface Opening {
  readonly own: IsolatedStores<'postgres' | 'redis'>
  readonly postgres: ConnectOptions['postgres'] & { readonly url: string }
  readonly endings: (() => Promise<unknown>)[]
}

async function open({ own, postgres, endings }: Opening): Promise<OutboxFixture> {
  const schema = `s_${randomBytes(5).toString('hex')}`
  const diagnostics = new Diagnostics()
  const errors: unknown[] = []
  diagnostics.on('relay:error', ({ error }) => errors.push(error))
  const connectWith = async (options: Pick<ConnectOptions, 'diagnostics'> = {}) => {
    const connected = orThrow(
      await connect({
        // A machine that is busy with other tests must not look like an outage.
        postgres: { connectTimeoutMs: 10_000, statementTimeoutMs: 20_000, ...postgres, schema },
        redis: { url: own.redis.url, keyPrefix: own.redis.prefix, deadlineMs: 2_000 },
        ...options,
      }),
    )
    endings.push(async () => await connected.close({ deadlineMs: 1_000 }))
    return connected
  }
  const stores = await connectWith({ diagnostics })
  orThrow(await migrate(stores))
  return {
    stores,
    outbox: outbox(stores),
    schema,
    url: postgres.url,
    errors,
    diagnostics,
    connect: () => connectWith(),
    session: async () => {
      const client = new Client({ connectionString: own.postgres.url })
      client.on('error', () => undefined)
      await client.connect()
      endings.push(() => client.end())
      return sessionOf(client, schema)
    },
    relay: (sinks, options = {}) => {
      const relay = patient(
        createRelay(stores, {
          sinks,
          tickMs: 5,
          maxPollMs: 20,
          leaseMs: 10_000,
          maxBackOffMs: 500,
          ...options,
        }),
      )
      endings.push(async () => await relay.stop({ deadlineMs: 500 }))
      return relay
    },
    publish: (...events) => publishMany(stores.postgres.client, events, { schema }),
    rows: async (text, values) => (await stores.postgres.client.query(text, values)).rows as never,
  }
}

/** Gives a relay the time that it takes on a busy machine to drain and to stop. */
export function patient(relay: Relay): Relay {
  return {
    owner: relay.owner,
    start: () => {
      relay.start()
    },
    stop: (deadline) => relay.stop({ deadlineMs: 30_000, ...deadline }),
    drain: (deadline) => relay.drain({ deadlineMs: 60_000, ...deadline }),
    get refusal() {
      return relay.refusal
    },
  }
}

function sessionOf(client: Client, schema: string): Session {
  const sql: SqlClient = {
    query: (text, values) =>
      client.query(text.replaceAll('@schema.', `"${schema}".`), [...(values ?? [])]) as never,
  }
  return {
    run: async (text, values) => (await sql.query(text, values)).rows as never,
    publish: (...events) => publishMany(client, events, { schema }),
  }
}

/** An event of a course, `course.updated` unless told. */
export function change(
  aggregateId: string | number,
  version: number,
  more: Partial<NewEvent> = {},
): NewEvent {
  return {
    aggregateType: 'course',
    aggregateId,
    type: 'course.updated',
    version,
    payload: { version },
    ...more,
  }
}

/** A sink that remembers what it was given, as `id@version`, and what its hook made of it. */
export interface RecordingSink extends Sink {
  readonly seen: string[]
  readonly events: OutboxEvent[]
}

export function recordingSink(
  more: Partial<Sink> & { readonly before?: Sink['handle'] } = {},
): RecordingSink {
  const seen: string[] = []
  const events: OutboxEvent[] = []
  const { before, ...settings } = more
  const sink = defineSink({
    name: 'recorder',
    types: ['*'],
    mode: 'log',
    handle: (batch, context) =>
      (before?.(batch, context) ?? okAsync(allDelivered)).map((report) => {
        const failed = new Set(report.failed.map(({ id }) => id))
        for (const event of batch) {
          if (failed.has(event.id)) continue
          seen.push(nameOf(event))
          events.push(event)
        }
        return report
      }),
    ...settings,
  })
  return Object.assign(sink, { seen, events })
}

/**
 * Waits until no transaction of the server, in whatever database, is older than what was published.
 * The ticks made from now on let the purge have all of it; an older transaction of somebody else's
 * would keep some of it until another event makes another tick, and hide it from an `xmin` guard.
 */
export async function nothingOlder(fixture: OutboxFixture): Promise<void> {
  await eventually(
    async () => {
      expect(
        await fixture.rows(
          'SELECT xid FROM @schema.outbox WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()) LIMIT 1',
        ),
      ).toEqual([])
    },
    { timeoutMs: 60_000 },
  )
}

/** How events are written in assertions. */
export function nameOf(event: Pick<OutboxEvent, 'aggregateId' | 'version'>): string {
  return `${event.aggregateId}@${event.version}`
}

/** The versions of one aggregate in the order in which they were seen. */
export function versionsOf(seen: readonly string[], aggregateId: string | number): number[] {
  return seen
    .filter((name) => name.startsWith(`${aggregateId}@`))
    .map((name) => Number(name.split('@')[1]))
}

/** Collects the occurrences of one diagnostic. */
export function collect<Name extends keyof DiagnosticEvents>(
  diagnostics: Diagnostics,
  name: Name,
): DiagnosticEvents[Name][] {
  const found: DiagnosticEvents[Name][] = []
  diagnostics.on(name, (event) => found.push(event))
  return found
}

/** A relay that opened a sink and has not been alive since. */
export function deadRelay(sink: Sink = recordingSink()): SinkOpening {
  return { sink, owner: 'dead', leaseMs: 1 }
}
