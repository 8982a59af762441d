import { setTimeout as sleep } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import type { DiagnosticEvents } from '@headwater/core'
import { eventually, faultProxy, startMongodbStandIn } from '@headwater/testing'
import type { FaultProxy, MongodbStandIn } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openFixture } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

const activityOptions = {
  flushIntervalMs: 20,
  retryMs: 50,
  writeDeadlineMs: 1_000,
  batchSize: 100,
  maxBuffered: 2_000,
}

let server: MongodbStandIn
let mongodb: FaultProxy
let postgres: FaultProxy
let fixture: RepositoriesFixture
beforeAll(async () => {
  server = await startMongodbStandIn()
  mongodb = await faultProxy(server.url)
  fixture = await openFixture({
    repositories: { activity: activityOptions },
    connect: async (options, parts) => {
      postgres = await faultProxy(parts.postgres.url)
      return {
        ...options,
        postgres: { url: postgres.url },
        mongodb: { url: mongodb.url, database: 'outages' },
      }
    },
  })
})
afterEach(() => {
  mongodb.restore()
  postgres.restore()
})
afterAll(async () => {
  await fixture.dispose()
  await Promise.all([mongodb.close(), postgres.close(), server.stop()])
})

const sequence = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index)
const record = (
  type: string,
  n: number,
  { activity }: Pick<RepositoriesFixture, 'activity'> = fixture,
) => orThrow(activity.record({ type, data: { n } }))
const spilled = async () =>
  Number(
    orThrow(
      await fixture.stores.postgres.query<{ count: string }>(
        'SELECT count(*) FROM @schema.activity_spill',
      ),
    ).rows[0]?.count,
  )

/** Records an event that reaches MongoDB, so that nothing waits anywhere. */
async function recordFirst(
  type: string,
  repositories: Pick<RepositoriesFixture, 'activity' | 'stores'> = fixture,
): Promise<void> {
  const flushes = listen('activity:flush', repositories)
  record(type, 0, repositories)
  await eventually(
    async () => {
      // Another process may have taken over what was spilled, and left this flush nothing to write.
      record(`${type}.probe`, 0, repositories)
      await repositories.activity.flush()
      expect(flushes.at(-1)?.outcome).toMatch(/^(ok|drained)$/)
      expect([arrived(type), await spilled()]).toEqual([[0], 0])
    },
    { timeoutMs: 60_000 },
  )
}

/** The numbers of a type's events in the order in which MongoDB got them. */
function arrived(type: string): number[] {
  const events = server.store.find('outages', 'user_activity')?.all() ?? []
  return events
    .filter((event) => event['event_type'] === type)
    .map((event) => (event['event_data'] as { n: number }).n)
}

function listen<Name extends 'activity:dropped' | 'activity:flush'>(
  name: Name,
  { stores }: Pick<RepositoriesFixture, 'stores'> = fixture,
) {
  const heard: DiagnosticEvents[Name][] = []
  stores.diagnostics.on(name, (event) => void heard.push(event))
  return heard
}

const faults: readonly (readonly [name: string, begin: () => unknown, end: () => unknown])[] = [
  ['is cut off', () => mongodb.cut(), () => mongodb.restore()],
  ['hangs', () => mongodb.hang(), () => mongodb.restore()],
  ['is too slow', () => mongodb.delay(2_000), () => mongodb.restore()],
  [
    'is restarted',
    () => server.stop(),
    async () => {
      server = await startMongodbStandIn({ port: server.port, store: server.store })
    },
  ],
]

describe('activity while MongoDB fails', () => {
  test.each(faults)(
    'Activity recorded while MongoDB %s waits in PostgreSQL and arrives once and in order',
    async (name, begin, end) => {
      const type = `fault.${name.replaceAll(' ', '-')}`
      for (const n of sequence(5)) record(type, n)
      await fixture.activity.flush()
      await begin()
      const startedAt = performance.now()
      for (const n of sequence(400, 5)) record(type, n)
      expect(performance.now() - startedAt).toBeLessThan(30_000)
      await eventually(async () => expect(await spilled()).toBeGreaterThan(200), {
        timeoutMs: 60_000,
      })
      const waiting = orThrow(await fixture.activity.backlog())
      expect(waiting.spilled).toBeGreaterThan(200)
      expect(waiting.oldestSpilledMs).toBeGreaterThan(0)
      await end()
      for (const n of sequence(300, 405)) record(type, n)
      await eventually(() => expect(arrived(type)).toHaveLength(705), { timeoutMs: 60_000 })
      expect(arrived(type)).toEqual(sequence(705))
      await eventually(async () => expect(await spilled()).toBe(0), { timeoutMs: 60_000 })
      const left = orThrow(await fixture.activity.backlog())
      expect(left).toMatchObject({ spilled: 0, oldestSpilledMs: 0 })
    },
  )

  test('While both stores are down a bounded number waits in memory, and each dropped entry is reported', async () => {
    const dropped = listen('activity:dropped')
    await recordFirst('both.down')
    mongodb.cut()
    postgres.cut()
    for (const n of sequence(2_500, 1)) record('both.down', n)
    await eventually(() => expect(dropped.reduce((sum, { count }) => sum + count, 0)).toBe(500))
    expect(new Set(dropped.map(({ reason }) => reason))).toEqual(new Set(['buffer-full']))
    postgres.restore()
    mongodb.restore()
    await eventually(() => expect(arrived('both.down')).toHaveLength(2_001), { timeoutMs: 60_000 })
    expect(arrived('both.down')).toEqual(sequence(2_001))
  })

  test('During an outage of PostgreSQL alone a crowded buffer writes to MongoDB out of order', async () => {
    const dropped = listen('activity:dropped')
    await recordFirst('postgres.down')
    mongodb.cut()
    for (const n of sequence(50, 1)) record('postgres.down', n)
    await eventually(async () => expect(await spilled()).toBe(50), { timeoutMs: 60_000 })
    postgres.cut()
    mongodb.restore()
    for (const n of sequence(1_500, 51)) record('postgres.down', n)
    await eventually(() => expect(arrived('postgres.down').length).toBeGreaterThan(500), {
      timeoutMs: 60_000,
    })
    postgres.restore()
    await eventually(
      () =>
        expect(arrived('postgres.down').toSorted((one, other) => one - other)).toEqual(
          sequence(1_551),
        ),
      { timeoutMs: 60_000 },
    )
    expect(dropped).toEqual([])
  })

  test('A running process writes the entries that a dead process has spilled', async () => {
    const another = await fixture.openAnother({
      activity: { ...activityOptions, retryMs: 600_000 },
    })
    record('process.died', 0, another)
    await another.activity.flush()
    mongodb.cut()
    for (const n of sequence(30, 1)) record('process.died', n, another)
    await another.close()
    mongodb.restore()
    await eventually(
      async () => {
        record('process.lives', 0)
        await fixture.activity.flush()
        expect(arrived('process.died')).toEqual(sequence(31))
      },
      { timeoutMs: 60_000 },
    )
  })

  test('Close writes to PostgreSQL within its deadline while MongoDB hangs', async () => {
    const another = await fixture.openAnother({
      activity: { ...activityOptions, writeDeadlineMs: 60_000, flushIntervalMs: 60_000 },
    })
    const dropped = listen('activity:dropped', another)
    await recordFirst('close.hung', another)
    mongodb.hang()
    for (const n of sequence(250, 1)) record('close.hung', n, another)
    const startedAt = performance.now()
    // The driver may find no end of its own while its server hangs: then it is cut off, with
    // nothing left to lose.
    const closed = await another.stores.close({ deadlineMs: 12_000 })
    expect(closed.isOk() || closed.error.store).toSatisfy(
      (end) => end === true || end === 'mongodb',
    )
    expect(performance.now() - startedAt).toBeLessThan(50_000)
    expect(dropped).toEqual([])
    expect(await spilled()).toBe(250)
    mongodb.restore()
    await eventually(
      async () => {
        record('process.lives', 0)
        await fixture.activity.flush()
        expect(arrived('close.hung')).toEqual(sequence(251))
      },
      { timeoutMs: 60_000 },
    )
  })

  const processes = [
    ['an idle process', 0],
    ['a starved process', 700],
  ] as const
  test.each(processes)(
    'Entries that no store takes before %s is closed, or that come later, are reported',
    async (_process, busyMs) => {
      const another = await fixture.openAnother({
        activity: { ...activityOptions, flushIntervalMs: 60_000 },
      })
      const late = `close.late-${busyMs}`
      const dropped = listen('activity:dropped', another)
      await recordFirst(late, another)
      mongodb.hang()
      postgres.hang()
      for (const n of sequence(20, 1)) record(late, n, another)
      const startedAt = performance.now()
      const closing = another.stores.close({ deadlineMs: 500 })
      await sleep(10)
      for (const until = performance.now() + busyMs; performance.now() < until;);
      expect(
        (await closing).match(
          () => 'closed',
          ({ type }) => type,
        ),
      ).toSatisfy((end) => end === 'closed' || end === 'deadline-exceeded')
      expect(performance.now() - startedAt).toBeLessThan(30_000)
      record(late, 21, another)
      expect(dropped).toEqual([
        { count: 20, reason: 'closed' },
        { count: 1, reason: 'closed' },
      ])
    },
  )
})

describe('redacted activity', () => {
  const redact = [
    'metadata.ip_address',
    'event_data.email',
    { field: 'metadata.user_agent', replace: () => 'browser' },
  ]
  const event = {
    type: 'form.sent',
    data: { email: 'ada@example.com', n: 1 },
    metadata: { ipAddress: '192.168.1.77', userAgent: 'curl/8' },
  }

  test('Redacted fields reach neither MongoDB nor spilled entries nor the outbox', async () => {
    const another = await fixture.openAnother({ activity: { ...activityOptions, redact } })
    const logged = () => JSON.stringify(server.store.find('outages', 'user_activity')?.all())
    const kept = async (statement: string) =>
      JSON.stringify(orThrow(await fixture.stores.postgres.query(statement)).rows)
    const spill = () => kept('SELECT entry FROM @schema.activity_spill')
    orThrow(another.activity.record(event))
    await eventually(async () => {
      await another.activity.flush()
      expect(logged()).toContain('form.sent')
    })
    mongodb.cut()
    orThrow(another.activity.recordMany([event]))
    await eventually(async () => {
      await another.activity.flush()
      expect(await spill()).toContain('form.sent')
    })
    orThrow(await another.activity.recordDurably({ type: 'form.kept', data: event.data }))
    const texts = [logged(), await spill(), await kept('SELECT payload FROM @schema.outbox')]
    for (const text of texts) {
      expect(text).toMatch(/form\.(sent|kept)/)
      expect(text).not.toMatch(/ada@example|192\.168\.1\.77|curl/)
    }
    expect(texts[1]).toContain('browser')
    mongodb.restore()
    await another.close()
  })

  test('A redacted field that no activity has is refused at construction', async () => {
    await expect(fixture.openAnother({ activity: { redact: ['ip_address'] } })).rejects.toThrow(
      TypeError,
    )
  })
})

describe('documents of user_activity', () => {
  test('A document of user_activity holds null for metadata that was not given', async () => {
    orThrow(fixture.activity.record({ type: 'nothing.said' }))
    await eventually(async () => {
      await fixture.activity.flush()
      const found = server.store
        .find('outages', 'user_activity')
        ?.all()
        .find((document) => document['event_type'] === 'nothing.said')
      expect(found).toMatchObject({
        user_id: null,
        event_data: {},
        metadata: { ip_address: null, user_agent: null, referrer: null },
      })
    })
  })
})
