import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { closedLoop } from '../../benchmarks/api/load/open-loop.ts'
import { Latencies } from '../generator/latencies.ts'
import { type Ended, type Load, openLoop } from '../generator/open-loop.ts'

const next = () => ({ flow: 'browse' as const, text: '' })
const every = (gapMs: number, count: number) =>
  Array.from({ length: count }, (_, place) => place * gapMs)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A server that answers after a millisecond, but nothing while it is stalled. */
class Server {
  readonly #startedAt = performance.now()
  readonly #stall: readonly [from: number, to: number]

  constructor(stall: readonly [from: number, to: number] = [0, 0]) {
    this.#stall = stall
  }

  ask(): Promise<string> {
    const [from, to] = this.#stall
    const nowMs = performance.now() - this.#startedAt
    const waitMs = nowMs >= from && nowMs < to ? to - nowMs : 0
    return new Promise((resolve) => {
      setTimeout(() => {
        resolve('ok')
      }, waitMs + 1)
    })
  }
}

async function run(load: Partial<Load>): Promise<{ ended: Ended[]; lag: Latencies }> {
  const ended: Ended[] = []
  const looped = openLoop({
    arrivalsMs: every(10, 100),
    next,
    ask: () => new Server().ask(),
    note: (one) => ended.push(one),
    maxInFlight: 1_000,
    ...load,
  })
  await vi.advanceTimersByTimeAsync(20_000)
  return { ended, lag: await looped }
}

function p99Of(ended: readonly Ended[]): number {
  const latencies = new Latencies()
  for (const { arrivedMs, endedMs } of ended) latencies.note(endedMs - arrivedMs)
  return latencies.percentileMs(99) ?? 0
}

test('Requests are sent at their moments, however long answers take', async () => {
  const sent: number[] = []
  const startedAt = performance.now()
  const ask = () => {
    sent.push(Math.round(performance.now() - startedAt))
    return new Server([0, 5_000]).ask()
  }
  const { ended } = await run({ ask })
  expect(sent).toEqual(every(10, 100))
  expect(ended).toHaveLength(100)
})

test('A server that stalls for a second shows in the 99th percentile', async () => {
  const server = new Server([2_000, 3_000])
  const { ended } = await run({ arrivalsMs: every(10, 1_000), ask: () => server.ask() })
  expect(ended).toHaveLength(1_000)
  // A tenth of the requests came while it stalled, one of them at its very beginning.
  expect(p99Of(ended)).toBeGreaterThan(850)
})

test('Control: a loop that waits for answers and counts from the sending hides the stall', async () => {
  const server = new Server([2_000, 3_000])
  const line = { ask: () => server.ask().then(() => 200) }
  const read = () => ({ operation: 'read', text: '' })
  const looped = closedLoop({ lines: [line], next: read, forMs: 10_000 })
  await vi.advanceTimersByTimeAsync(20_000)
  expect((await looped).p99Ms).toBeLessThan(10)
})

test('What has no room is an error and is not sent', async () => {
  let sent = 0
  const server = new Server([0, 5_000])
  const ask = () => {
    sent += 1
    return server.ask()
  }
  const { ended } = await run({ maxInFlight: 10, ask })
  const outcomes = (wanted: string) => ended.filter(({ outcome }) => outcome === wanted).length
  expect({ sent, ok: outcomes('ok'), noRoom: outcomes('no room') }).toEqual({
    sent: 10,
    ok: 10,
    noRoom: 90,
  })
})

test('A generator that was held up itself tells its lag, which counts as latency', async () => {
  vi.useRealTimers()
  const ended: Ended[] = []
  let sent = 0
  const ask = async () => {
    sent += 1
    const startedAt = performance.now()
    if (sent === 20) while (performance.now() < startedAt + 300);
    return 'ok'
  }
  const lag = await openLoop({
    arrivalsMs: every(5, 100),
    next,
    ask,
    note: (one) => ended.push(one),
    maxInFlight: 1_000,
  })
  expect(lag.percentileMs(99)).toBeGreaterThan(200)
  expect(p99Of(ended)).toBeGreaterThan(200)
})
