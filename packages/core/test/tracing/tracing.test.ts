import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Diagnostics, err, ok, type TracedWork, type Tracer } from '@headwater/core'
import { afterEach, expect, test } from 'vitest'

const ends = 'tracing:headwater:work:asyncEnd'
const heard: TracedWork[] = []
const listener = (message: unknown): void => void heard.push(message as TracedWork)

afterEach(() => {
  unsubscribe(ends, listener)
  heard.length = 0
})

const someWork = (): TracedWork => ({ name: 'transaction', part: 'transaction', attributes: {} })

test('Work runs as it is while nobody listens', async () => {
  const { tracing } = new Diagnostics()
  expect([tracing.isOn, tracing.headers()]).toEqual([false, {}])
  expect(await tracing.trace(someWork(), async () => 5)).toBe(5)
})

test('Whoever subscribes to the channel hears of work at its end, with its failure', async () => {
  const { tracing } = new Diagnostics()
  subscribe(ends, listener)
  expect(tracing.isOn).toBe(true)
  const failure = { type: 'store-unavailable', store: 'redis' }
  expect(await tracing.result(someWork(), async () => err(failure))).toEqual(err(failure))
  expect(await tracing.result(someWork(), async () => err({ type: 'course-full' }))).toBeTruthy()
  expect(await tracing.result(someWork(), async () => ok(5))).toEqual(ok(5))
  expect(heard.map((work) => work.failure)).toEqual(['store-unavailable', undefined, undefined])
})

test('A tracer runs the work itself, until it is taken away', async () => {
  const { tracing } = new Diagnostics()
  const traced: string[] = []
  const tracer: Tracer = {
    trace: (work, run) => {
      traced.push(work.name)
      return run()
    },
    headers: () => ({ traceparent: 'here' }),
  }
  const end = tracing.use(tracer)
  subscribe(ends, listener)
  expect(await tracing.trace(someWork(), async () => 5)).toBe(5)
  expect([traced, heard.length, tracing.headers()]).toEqual([
    ['transaction'],
    1,
    { traceparent: 'here' },
  ])
  end()
  await tracing.trace(someWork(), async () => 5)
  expect([traced.length, heard.length]).toEqual([1, 2])
})

test('A tracer that throws changes no outcome, and is reported', async () => {
  const diagnostics = new Diagnostics()
  const reported: unknown[] = []
  diagnostics.on('diagnostics:listener-failed', ({ error }) => void reported.push(error))
  const atTheBeginning = new Error('no span')
  const atTheEnd = new Error('no exporter')
  const throwing: Tracer['trace'][] = [
    () => {
      throw atTheBeginning
    },
    async (_work, run) => {
      await run().catch(() => undefined)
      throw atTheEnd
    },
  ]
  const failure = new Error('of the work')
  let runs = 0
  const work = async (): Promise<number> => {
    runs += 1
    if (runs % 2 === 0) throw failure
    return runs
  }
  for (const trace of throwing) {
    const end = diagnostics.tracing.use({ trace, headers: () => ({}) })
    expect(await diagnostics.tracing.trace(someWork(), work)).toBe(runs)
    await expect(diagnostics.tracing.trace(someWork(), work)).rejects.toBe(failure)
    end()
  }
  expect(runs).toBe(4)
  expect(reported).toEqual([atTheBeginning, atTheBeginning, atTheEnd, atTheEnd])
})

/** A tracer that only names its span. */
const naming = (headers: Tracer['headers']): Tracer => ({ trace: (_work, run) => run(), headers })

test('The newest tracer is told, and the one before it again after its end', () => {
  const { tracing } = new Diagnostics()
  const endFirst = tracing.use(naming(() => ({ traceparent: 'first' })))
  const endSecond = tracing.use(naming(() => ({ traceparent: 'second' })))
  expect(tracing.headers()).toEqual({ traceparent: 'second' })
  endSecond()
  endSecond()
  expect(tracing.headers()).toEqual({ traceparent: 'first' })
  endFirst()
  expect([tracing.isOn, tracing.headers()]).toEqual([false, {}])
})

test.each<[string, Tracer['headers']]>([
  [
    'throws',
    () => {
      throw new Error('no context')
    },
  ],
  ['returns what is no text', () => ({ traceparent: 5 }) as never],
  ['returns nothing', () => undefined as never],
  ['returns what PostgreSQL cannot store', () => ({ traceparent: 'a\0b' })],
])('A tracer that %s for its headers is reported, and there are none', (_what, headers) => {
  const diagnostics = new Diagnostics()
  const failed: string[] = []
  diagnostics.on('diagnostics:listener-failed', ({ name }) => void failed.push(name))
  diagnostics.tracing.use(naming(headers))
  expect(diagnostics.tracing.headers()).toEqual({})
  expect(failed).toEqual(['tracing'])
})

test('What work throws reaches its caller', async () => {
  const { tracing } = new Diagnostics()
  subscribe(ends, listener)
  const thrown = new Error('full disk')
  await expect(tracing.trace(someWork(), () => Promise.reject(thrown))).rejects.toBe(thrown)
})
