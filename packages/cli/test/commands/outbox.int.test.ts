import {
  createRelay,
  defineSink,
  errAsync,
  orThrow,
  outbox,
  publishMany,
  type PostgresStore,
  type Relay,
  type Stores,
} from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { watch } from '../../src/commands/outbox.ts'
import { Secrets } from '../../src/terminal/secrets.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'
import { openCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture
let relay: Relay
const ids: string[] = []
let isBroken = true
const delivered: string[] = []

const webhook = defineSink({
  name: 'webhook',
  types: ['order.*'],
  mode: 'log',
  handle: async (events) => {
    for (const event of events) {
      if (isBroken) throw new TypeError('the order\n\x1b[2Jhas no total')
      delivered.push(event.id)
    }
  },
})

beforeAll(async () => {
  fixture = await openCli()
  const { stores } = fixture
  relay = createRelay(stores, { sinks: [webhook], tickMs: 5, maxPollMs: 20, maxBackOffMs: 50 })
  relay.start()
  const events = [1, 2, 3].map((id) => ({
    aggregateType: 'order',
    aggregateId: id,
    type: 'order.placed',
    version: 1,
    payload: { email: 'ann@example.org', lines: [{ price: 5 }], note: null },
  }))
  ids.push(...(await publishMany(stores.postgres.client, events)))
  await eventually(
    async () => {
      const groups = orThrow(await outbox(stores).deadLetters.summary())
      expect(groups[0]?.count).toBe(3)
    },
    { timeoutMs: 120_000 },
  )
})
afterAll(async () => {
  orThrow(await relay.stop({ deadlineMs: 60_000 }))
  await fixture.dispose()
})

test('The status tells of every sink, and who serves it', async () => {
  const { code, json } = await fixture.json('outbox', 'status')
  expect({ code, json }).toMatchObject({
    code: 0,
    json: { version: 1, command: 'outbox status', sinks: [{ sink: 'webhook', dead: 3 }] },
  })
  const { out } = await fixture.cli('outbox', 'status')
  expect(out).toMatch(/^sink +behind +by +parked +dead/)
  expect(out).toMatch(/^webhook /m)
})

test('Dead letters are grouped by their reason, and listed with their ids', async () => {
  const { json } = await fixture.json('outbox', 'dead')
  expect(json).toMatchObject({
    groups: [
      {
        sink: 'webhook',
        count: 3,
        aggregates: 3,
        message: 'TypeError: the order\n\x1b[2Jhas no total',
      },
    ],
  })
  for (const argv of [['dead'], ['dead', '--events'], ['show', ids[0]!]]) {
    const { out } = await fixture.cli('outbox', ...argv)
    expect(out).toContain('the order [2Jhas no total')
  }
  const listed = await fixture.json('outbox', 'dead', '--events', '--aggregate-id', '2')
  expect(listed.json).toMatchObject({ events: [{ eventId: ids[1], aggregateId: '2' }] })
  expect(listed.out).not.toContain('ann@example.org')
})

test('A payload is shown by its shape alone, unless it is asked for', async () => {
  const { json, out } = await fixture.json('outbox', 'show', ids[0]!)
  expect(json).toMatchObject({
    isPayloadShown: false,
    events: [{ payload: { email: 'string', lines: [{ price: 'number' }], note: null } }],
  })
  expect(out).not.toContain('ann@example.org')
  const shown = await fixture.cli('outbox', 'show', ids[0]!, '--payload')
  expect(shown.out).toContain('ann@example.org')
})

test('Nothing is replayed or dropped without a selection, nor without --yes', async () => {
  expect(await fixture.cli('outbox', 'discard')).toMatchObject({ code: 2 })
  const planned = await fixture.json('outbox', 'discard', '--all')
  expect(planned).toMatchObject({ code: 1, json: { count: 3, isApplied: false } })
  const { out } = await fixture.cli('outbox', 'replay', '--sink', 'webhook')
  expect(out).toContain('Would deliver again 3 events.')
  expect(out).toContain('add --yes')
  const groups = orThrow(await outbox(fixture.stores).deadLetters.summary())
  expect(groups[0]?.count).toBe(3)
})

test('One event is dropped and the others are delivered again', async () => {
  const dropped = await fixture.json('outbox', 'discard', ids[2]!, '--yes')
  expect(dropped).toMatchObject({ code: 0, json: { count: 1, isApplied: true } })
  isBroken = false
  const replayed = await fixture.json('outbox', 'replay', '--sink', 'webhook', '--yes')
  expect(replayed).toMatchObject({ code: 0, json: { count: 2, isApplied: true } })
  await eventually(
    () => {
      expect(delivered.toSorted()).toEqual(ids.slice(0, 2).toSorted())
    },
    { timeoutMs: 120_000 },
  )
})

test('A watch prints the status as often as it is told to', async () => {
  const { code, out } = await fixture.cli(
    ...['outbox', 'watch', '--json', '--every', '0.01', '--times', '3'],
  )
  expect(code).toBe(0)
  const commands = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { command: string })
  expect(commands.map(({ command }) => command)).toEqual(Array(3).fill('outbox watch'))
})

test('A watch outlasts an outage, and tells of it beside the data', async () => {
  const { postgres } = fixture.stores
  const query: PostgresStore['query'] = postgres.query.bind(postgres)
  let failures = 3
  const failing = ((...args: Parameters<PostgresStore['query']>) => {
    failures -= 1
    if (failures < 0) return query(...args)
    const what = { type: 'store-unavailable', store: 'postgres', operation: 'query' } as const
    return errAsync({ ...what, message: 'PostgreSQL restarts', retryable: true })
  }) as PostgresStore['query']
  const printed: object[] = []
  let told = ''
  await watch({
    ...{ args: [], options: { every: 1, times: 2 }, isJson: true, secrets: new Secrets() },
    terminal: {
      err: (text: string) => void (told += text),
      interrupted: () => new AbortController().signal,
    } as unknown as Terminal,
    config: async () => ({}),
    open: async () => ({
      stores: { postgres: { query: failing } } as unknown as Stores,
      services: async () => ({}),
    }),
    print: ({ data }) => void printed.push(data),
  })
  expect(told).toBe('PostgreSQL restarts\n')
  expect(printed).toMatchObject([{ sinks: [{ sink: 'webhook' }] }])
})

test('A reset says who would be overtaken by it, and delivers nothing again while they run', async () => {
  const planned = await fixture.json('outbox', 'reset', '--history', 'restored')
  expect(planned).toMatchObject({
    code: 1,
    json: { refusal: null, running: [expect.any(String) as string], isApplied: false },
  })
  const refused = await fixture.cli('outbox', 'reset', '--history', 'restored', '--yes')
  expect(refused).toMatchObject({
    code: 2,
    err: expect.stringContaining('relays are running') as string,
  })
  const continued = await fixture.json('outbox', 'reset', '--history', 'continued', '--yes')
  expect(continued).toMatchObject({ code: 0, json: { isApplied: true } })
})

test('A sink that is gone is removed once no relay serves it, with what it gave up', async () => {
  expect(await fixture.json('outbox', 'remove-sink', 'nowhere', '--yes')).toMatchObject({
    code: 1,
    json: { error: { type: 'not-found', message: expect.stringContaining('webhook') as string } },
  })
  orThrow(await relay.stop({ deadlineMs: 60_000 }))
  const again = createRelay(fixture.stores, { sinks: [webhook], tickMs: 5, maxPollMs: 20 })
  again.start()
  orThrow(await again.drain())
  const served = await fixture.json('outbox', 'remove-sink', 'webhook', '--yes')
  expect(served).toMatchObject({ code: 2, json: { error: { type: 'usage' } } })
  orThrow(await again.stop({ deadlineMs: 60_000 }))
  const sinks = async () => orThrow(await outbox(fixture.stores).status()).sinks
  const planned = await fixture.json('outbox', 'remove-sink', 'webhook')
  expect(planned).toMatchObject({ code: 1, json: { sink: 'webhook', isApplied: false } })
  expect(await sinks()).toHaveLength(1)
  expect(await fixture.json('outbox', 'remove-sink', 'webhook', '--yes')).toMatchObject({
    code: 0,
    json: { sink: 'webhook', running: [], isApplied: true },
  })
  expect(await sinks()).toEqual([])
})
