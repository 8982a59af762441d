import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import {
  allDelivered,
  connect,
  createRelay,
  defineCache,
  defineSink,
  err,
  migrate,
  ok,
  okAsync,
  orThrow,
  transaction,
  type OutboxEvent,
  type Stores,
} from '@headwater/core'
import { eventually, isolate, type IsolatedStores } from '@headwater/testing'
import { instrument, type InstrumentOptions } from '../../src/opentelemetry/index.ts'
import { clientSpans, countOf, startSdk, type TelemetrySdk } from './telemetry-sdk.ts'

const durations = 'db.client.operation.duration'
let sdk: TelemetrySdk
let own: IsolatedStores<'postgres' | 'redis'>
const endings: (() => Promise<unknown>)[] = []
/** Ends what the last `open` began. */
let stopFirst: () => void = () => undefined

beforeAll(async () => {
  const { postgres, redis } = inject('stack')
  own = await isolate({ postgres, redis })
  sdk = startSdk()
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  sdk.spans()
})
afterAll(async () => {
  await sdk.stop()
  await own.dispose()
})

async function open(options: InstrumentOptions = {}): Promise<Stores> {
  const pool = new sdk.pg.Pool({ connectionString: own.postgres.url })
  const stores = orThrow(
    await connect({
      postgres: { pool },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix, deadlineMs: 10_000 },
    }),
  )
  orThrow(await migrate(stores))
  const { meterProvider, tracerProvider } = sdk
  const stop = instrument(stores, { deadlineMs: 30_000, meterProvider, tracerProvider, ...options })
  stopFirst = stop
  endings.push(async () => {
    stop()
    orThrow(await stores.close({ deadlineMs: 60_000 }))
    await pool.end()
  })
  sdk.spans()
  return stores
}

/** Runs work beneath a span, as a server does that is instrumented. */
async function inRequest<T>(work: () => Promise<T>): Promise<T> {
  return sdk.tracerProvider.getTracer('host').startActiveSpan('request', async (span) => {
    const value = await work()
    span.end()
    return value
  })
}

const named = (spans: readonly ReadableSpan[], name: string): ReadableSpan => {
  const span = spans.find((one) => one.name === name)
  if (span === undefined)
    throw new Error(`no span ${name} in ${spans.map((one) => one.name).join()}`)
  return span
}

test('Spans of the SDK are internal, and those of the instrumented driver stand beneath them', async () => {
  const stores = await open()
  orThrow(await transaction(stores, async (tx) => ok(await tx.query('SELECT 1'))))
  const spans = sdk.spans()
  const work = named(spans, 'transaction')
  const clients = clientSpans(spans).filter(
    (span) => span.spanContext().traceId === work.spanContext().traceId,
  )
  expect(work.kind).toBe(SpanKind.INTERNAL)
  expect(clients.length).toBeGreaterThan(1)
  for (const { parentSpanContext } of clients)
    expect(parentSpanContext?.spanId).toBe(work.spanContext().spanId)
  expect(spans.filter(({ kind }) => kind === SpanKind.INTERNAL)).toEqual([work])
})

test('Time is counted once where the driver of PostgreSQL is instrumented', async () => {
  const counted = async (options: InstrumentOptions): Promise<number> => {
    const stores = await open(options)
    // A statement that nothing else sends: the gate and the readings ask PostgreSQL as well.
    const before = countOf(await sdk.metric(durations), 'show')
    for (let times = 0; times < 50; times += 1)
      orThrow(await stores.postgres.query('SHOW server_encoding'))
    return countOf(await sdk.metric(durations), 'show') - before
  }
  expect(await counted({ instrumentedDrivers: ['postgres'] })).toBe(50)
  expect(await counted({})).toBe(100)
})

test('Durations are in seconds, by the buckets and attributes of the conventions', async () => {
  const stores = await open()
  orThrow(await stores.postgres.query('SELECT 1'))
  const failed = await stores.postgres.query('SELECT 1/0')
  expect(failed.isErr()).toBe(true)
  const ours = (await sdk.metric(durations)).filter(({ descriptor }) =>
    descriptor.description.includes('of a store'),
  )
  const points: readonly unknown[] = ours.flatMap((metric): readonly unknown[] => metric.dataPoints)
  expect(ours[0]?.descriptor).toMatchObject({ unit: 's' })
  expect(points).toContainEqual(
    expect.objectContaining({
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': 'select',
        'error.type': 'store-refused',
      },
      value: expect.objectContaining({
        buckets: {
          boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
          counts: expect.any(Array) as number[],
        },
      }) as unknown,
    }),
  )
})

test('States are read whenever metrics are collected', async () => {
  await open()
  await eventually(async () => {
    const trusted = await sdk.metric('headwater.cache.trusted')
    expect(trusted.flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value))).toEqual([1])
  })
  const [intents] = await sdk.metric('headwater.invalidation.intents')
  expect(intents?.dataPoints.map(({ value }) => value)).toEqual([0])
})

test('A read has a span beneath a request, with its result, and none by itself', async () => {
  const stores = await open()
  const courses = defineCache<number, string>(stores, {
    name: 'course',
    ttlMs: 60_000,
    load: async (ids) => new Map(ids.map((id) => [id, 'Algebra'])),
  })
  await eventually(() => expect(stores.isCacheTrusted).toBe(true))
  orThrow(await courses.get(5))
  expect(sdk.spans().filter(({ name }) => name.startsWith('cache.'))).toEqual([])
  await inRequest(async () => orThrow(await courses.get(6)))
  await eventually(async () => {
    sdk.spans()
    await inRequest(async () => orThrow(await courses.get(6)))
    const hit = named(sdk.spans(), 'cache.get course')
    expect(hit.attributes).toEqual({
      'headwater.cache.name': 'course',
      'headwater.cache.result': 'hit',
    })
  })
})

test('An event carries the trace of its transaction, and the relay links its delivery to it', async () => {
  const stores = await open()
  const taken: OutboxEvent[] = []
  const relay = createRelay(stores, {
    sinks: [
      defineSink({
        name: 'mails',
        types: ['*'],
        mode: 'log',
        handle: (events) => {
          taken.push(...events)
          return okAsync(allDelivered)
        },
      }),
    ],
  })
  await inRequest(async () => {
    relay.start()
    const event = { aggregateType: 'course', aggregateId: 5, version: 1, payload: {} }
    orThrow(
      await transaction(stores, async (tx) => {
        tx.publish({ ...event, type: 'course.renamed' })
        tx.publish({ ...event, type: 'course.moved', headers: { traceparent: 'of-the-host' } })
        return ok(undefined)
      }),
    )
  })
  orThrow(await relay.drain())
  const spans = sdk.spans()
  const { traceId, spanId } = named(spans, 'transaction').spanContext()
  expect(taken.map(({ headers }) => headers['traceparent'])).toEqual([
    `00-${traceId}-${spanId}-01`,
    'of-the-host',
  ])
  const delivery = named(spans, 'relay deliver mails')
  expect(delivery.links.map(({ context }) => [context.traceId, context.spanId])).toEqual([
    [traceId, spanId],
  ])
  expect(delivery.spanContext().traceId).not.toBe(traceId)
  expect(delivery.parentSpanContext).toBeUndefined()
  orThrow(await relay.stop())
})

test('A refusal by the own code is no error of the span, and a failure is', async () => {
  const stores = await open()
  const full = await transaction(stores, async () => err({ type: 'course-full' }))
  expect(full.isErr()).toBe(true)
  const refused = named(sdk.spans(), 'transaction')
  expect(refused.status.code).toBe(SpanStatusCode.UNSET)
  const impossible = await transaction(stores, async (tx) => ok(await tx.query('SELECT 1/0')))
  expect(impossible.isErr()).toBe(true)
  const failed = named(sdk.spans(), 'transaction')
  expect([failed.status.code, failed.attributes['error.type']]).toEqual([
    SpanStatusCode.ERROR,
    'store-refused',
  ])
})

test('After its end an earlier one goes on; after the last, events carry nothing', async () => {
  const stores = await open()
  instrument(stores, { meterProvider: sdk.meterProvider, tracerProvider: sdk.tracerProvider })()
  const { tracing } = stores.diagnostics
  orThrow(await transaction(stores, async (tx) => ok(await tx.query('SELECT 1'))))
  expect(named(sdk.spans(), 'transaction').kind).toBe(SpanKind.INTERNAL)
  stopFirst()
  expect([tracing.isOn, tracing.headers()]).toEqual([false, {}])
  expect(trace.getActiveSpan()).toBeUndefined()
})
