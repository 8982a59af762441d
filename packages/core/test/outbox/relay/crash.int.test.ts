import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  connect,
  createRelay,
  Diagnostics,
  migrate,
  okAsync,
  orThrow,
  outbox,
  publishMany,
  type OutboxEvent,
  type Relay,
  type Sink,
  type Stores,
} from '@headwater/core'
import {
  createDatabase,
  eventually,
  startPostgresServer,
  type PostgresServer,
} from '@headwater/testing'
import { claim, openCursors } from '../../../src/outbox/relay/cursor.ts'
import { advance } from '../../../src/outbox/log/tick.ts'
import { change, deadRelay, nameOf, patient, recordingSink, versionsOf } from '../outbox-fixture.ts'

let server: PostgresServer
let url: string
const endings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function open(diagnostics = new Diagnostics()): Promise<Stores> {
  const stores = orThrow(
    await connect({
      postgres: { url, connectTimeoutMs: 10_000, statementTimeoutMs: 20_000 },
      redis: { url: 'redis://127.0.0.1:1' },
      diagnostics,
    }),
  )
  endings.push(async () => await stores.close({ deadlineMs: 2_000 }))
  return stores
}

const crashes = {
  'SIGKILL of all its processes': async () => {
    await server.kill()
  },
  'an immediate shutdown': async () => {
    process.kill(server.pid, 'SIGQUIT')
  },
}

/** Runs statements until one settles: a server that has just crashed refuses a few. */
async function rows<Row extends object>(stores: Stores, text: string): Promise<Row[]> {
  return eventually(async () => (await stores.postgres.client.query<Row>(text)).rows, {
    timeoutMs: 120_000,
  })
}

/**
 * Changes courses one after the other, each with its event, through every loss of its connection.
 */
class Writer {
  readonly #random: () => number
  #client: Client | undefined
  #isStopping = false
  #running: Promise<void> | undefined

  constructor(seed: number) {
    let state = seed
    this.#random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31
      return state / 2 ** 31
    }
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
    await this.#client?.end().catch(() => undefined)
  }

  async #run(): Promise<void> {
    while (!this.#isStopping)
      await this.#write().catch(() => {
        this.#client = undefined
      })
  }

  async #write(): Promise<void> {
    this.#client ??= await connected()
    const id = Math.floor(this.#random() * 10)
    await this.#client.query('BEGIN')
    const {
      rows: [row],
    } = await this.#client.query<{ version: number }>(
      'UPDATE courses SET version = version + 1 WHERE id = $1 RETURNING version',
      [id],
    )
    await publishMany(this.#client, [
      change(id, row?.version ?? 0),
      change(`side-${id}`, row?.version ?? 0),
    ])
    await this.#client.query(this.#random() < 0.1 ? 'ROLLBACK' : 'COMMIT')
  }
}

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** A destination that keeps each effect once, by the event's id, and all fences it was shown. */
class Destination {
  readonly effects = new Map<string, OutboxEvent>()
  readonly oldFences: string[] = []
  readonly #fences = new Map<string, bigint>()

  sink(name: string): Sink {
    return recordingSink({
      name,
      before: (batch, { fence }) => {
        for (const event of batch) {
          const highest = this.#fences.get(event.aggregateId) ?? 0n
          if (fence(event) < highest) this.oldFences.push(nameOf(event))
          else this.#fences.set(event.aggregateId, fence(event))
          if (!this.effects.has(event.id)) this.effects.set(event.id, event)
        }
        return okAsync({ failed: [] })
      },
    })
  }
}

const lazy = { synchronous_commit: 'off', wal_writer_delay: '10s', wal_writer_flush_after: '1GB' }

describe.each([
  { server: 'a server', settings: {} },
  { server: 'a server that acknowledges commits before it writes them', settings: lazy },
])('$server that crashes under writers and relays', ({ settings }) => {
  beforeAll(async () => {
    server = await startPostgresServer({ settings })
  })
  beforeEach(async () => {
    url = await createDatabase(server.url)
  })
  afterAll(() => server.stop())

  test(
    'A crash of PostgreSQL loses, invents and inverts no event, and the relays continue',
    { timeout: 900_000 },
    async () => {
      const stores = await open()
      orThrow(await migrate(stores))
      await stores.postgres.client.query(
        'CREATE TABLE courses (id int PRIMARY KEY, version int NOT NULL)',
      )
      await stores.postgres.client.query(
        'INSERT INTO courses SELECT id, 0 FROM generate_series(0, 9) AS id',
      )
      const destination = new Destination()
      const relays: Relay[] = []
      for (let count = 0; count < 2; count += 1) {
        const relay = patient(
          createRelay(await open(), {
            sinks: [destination.sink('recorder')],
            tickMs: 5,
            maxPollMs: 20,
            leaseMs: 1_500,
            maxBackOffMs: 500,
            purgeMs: 500,
          }),
        )
        relays.push(relay)
        relay.start()
      }
      const writers = [1, 2, 3, 4].map((seed) => new Writer(seed))
      for (const writer of writers) writer.start()
      for (const crash of [...Object.values(crashes), ...Object.values(crashes)]) {
        const before = destination.effects.size
        await eventually(() => destination.effects.size > before + 400, { timeoutMs: 120_000 })
        await crash()
        await server.restart()
      }
      const before = destination.effects.size
      await eventually(() => destination.effects.size > before, { timeoutMs: 120_000 })
      for (const writer of writers) await writer.stop()
      for (const relay of relays) {
        expect(relay.refusal).toBeUndefined()
        await eventually(async () => orThrow(await relay.drain()), { timeoutMs: 120_000 })
      }

      const committed = await rows<{ id: string }>(stores, 'SELECT id FROM @schema.outbox')
      expect(new Set(destination.effects.keys())).toEqual(new Set(committed.map(({ id }) => id)))
      const seen = [...destination.effects.values()].map(nameOf)
      for (const { id, version } of await rows<{ id: number; version: number }>(
        stores,
        'SELECT id, version FROM courses',
      )) {
        const all = Array.from({ length: version }, (_, index) => index + 1)
        expect(versionsOf(seen, id)).toEqual(all)
        expect(versionsOf(seen, `side-${id}`)).toEqual(all)
      }
      expect(destination.oldFences).toEqual([])
      // A relay that is late to renew its leases lets them go for a moment.
      await eventually(async () =>
        expect(orThrow(await outbox(stores).status()).sinks).toMatchObject([
          { lagEvents: 0, parked: 0, dead: 0, unowned: 0 },
        ]),
      )
      for (const relay of relays) orThrow(await relay.stop())
    },
  )

  test.each(Object.entries(crashes))(
    'After %s positions and ticks are higher, and cursors name ticks that exist',
    async (_, crash) => {
      const stores = await open()
      orThrow(await migrate(stores))
      const sink = recordingSink()
      const relay = patient(
        createRelay(stores, { sinks: [sink], tickMs: 5, maxPollMs: 20, leaseMs: 1_500 }),
      )
      await publishMany(stores.postgres.client, [change(1, 1), change(2, 1)])
      orThrow(await relay.drain())
      const under = await connected()
      await under.query('BEGIN')
      await publishMany(under, [change(1, 2)])
      const highest =
        'SELECT (SELECT max(seq) FROM @schema.outbox) AS seq, (SELECT max(id) FROM @schema.outbox_tick) AS tick'
      const [before] = await rows<{ seq: string; tick: string }>(stores, highest)
      await crash()
      await server.restart()
      await eventually(
        async () => {
          await publishMany(stores.postgres.client, [change(1, 3)])
        },
        { timeoutMs: 120_000 },
      )
      await eventually(
        () => {
          expect(sink.seen.at(-1)).toBe('1@3')
        },
        { timeoutMs: 120_000 },
      )
      expect([...new Set(sink.seen)]).toEqual(['1@1', '2@1', '1@3'])
      const [after] = await rows<{ seq: string; tick: string }>(stores, highest)
      expect(BigInt(after?.seq ?? 0)).toBeGreaterThan(BigInt(before?.seq ?? 0))
      expect(BigInt(after?.tick ?? 0)).toBeGreaterThan(BigInt(before?.tick ?? 0))
      orThrow(await relay.stop())
      expect(
        await rows(
          stores,
          `
      SELECT shard FROM @schema.outbox_cursor c
      WHERE NOT EXISTS (SELECT FROM @schema.outbox_tick t WHERE t.id = c.tick) OR c.owner IS NOT NULL`,
        ),
      ).toEqual([])
    },
  )
})

describe('a crash of a server that acknowledges commits before it writes them', () => {
  beforeAll(async () => {
    server = await startPostgresServer({ settings: lazy })
  })
  afterAll(() => server.stop())

  /**
   * Crashes the server after `work` and a row that it forgets; again, in another database, where it
   * happened to write that row in time.
   */
  async function crashAfter<T>(work: (stores: Stores) => Promise<T>) {
    return eventually(
      async () => {
        const stores = await prepared()
        const done = await work(stores)
        await stores.postgres.client.query('INSERT INTO forgotten VALUES (1)')
        await server.kill()
        await server.restart()
        expect(await rows(stores, 'SELECT FROM forgotten')).toEqual([])
        return { stores, done }
      },
      { timeoutMs: 240_000 },
    )
  }

  async function prepared(): Promise<Stores> {
    url = await createDatabase(server.url)
    const stores = await open()
    orThrow(await migrate(stores))
    await stores.postgres.client.query('CREATE TABLE forgotten (id int)')
    return stores
  }

  test('A crash without synchronous commit loses no tick and no event that a tick has seen', async () => {
    const { stores, done } = await crashAfter(async ({ postgres: { client } }) => {
      await publishMany(client, [change(1, 1)])
      return advance(client, { gapMs: 0, maxEvents: 0 })
    })
    expect(await rows(stores, 'SELECT max(id)::text AS tick FROM @schema.outbox_tick')).toEqual([
      { tick: String(done.newest.id) },
    ])
    expect(await rows(stores, 'SELECT aggregateid FROM @schema.outbox')).toEqual([
      { aggregateid: '1' },
    ])
  })

  test('A crash without synchronous commit loses no cursor of a new sink', async () => {
    const { stores } = await crashAfter(({ postgres: { client } }) =>
      openCursors(client, deadRelay()),
    )
    expect(await rows(stores, 'SELECT count(*)::int AS count FROM @schema.outbox_cursor')).toEqual([
      { count: 64 },
    ])
  })

  test('A crash without synchronous commit loses no fence', async () => {
    const sink = recordingSink()
    const { stores, done } = await crashAfter(async ({ postgres: { client } }) => {
      await openCursors(client, deadRelay(sink))
      return claim(client, deadRelay(sink), 64)
    })
    expect(
      await rows(stores, 'SELECT min(fence)::text AS fence FROM @schema.outbox_cursor'),
    ).toEqual([{ fence: String(done[0]?.fence) }])
  })
})
