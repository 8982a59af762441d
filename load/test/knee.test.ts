import { expect, test } from 'vitest'
import { findKnee, type Tried } from '../knee/knee.ts'

/** A queue with one server: the more of its capacity is used, the longer the wait. */
const queue = (capacity: number) => async (rate: number) => {
  const p99Ms = rate >= capacity ? Infinity : (4.6 * 1_000) / (capacity - rate)
  return { rate, slo: p99Ms <= 100 ? ('met' as const) : ('broken' as const) }
}
/** A queue of 1,000 a second keeps p99 within 100 ms up to this rate. */
const limit = 954

test.each([1, 50, 953, 955, 20_000])(
  'Finds the highest rate that holds, from %d on',
  async (from) => {
    const { rate, steps } = await findKnee({ from, tryAt: queue(1_000) })
    expect(rate).toBeLessThanOrEqual(limit)
    expect(rate! * 1.1).toBeGreaterThan(limit)
    expect(steps.length).toBeLessThan(20)
  },
)

test('Doubles the rate until it breaks, then halves the distance', async () => {
  const { steps } = await findKnee({ from: 100, tryAt: queue(1_000) })
  expect(steps.map(({ rate }) => rate)).toEqual([100, 200, 400, 800, 1_600, 1_131, 951, 1_037])
  expect(steps.map(({ slo }) => slo === 'met').slice(0, 5)).toEqual([true, true, true, true, false])
})

test('Says that no rate held', async () => {
  const { rate, steps } = await findKnee({ from: 8, tryAt: queue(0) })
  expect(rate).toBe(null)
  expect(steps.map((step) => step.rate)).toEqual([8, 4, 2, 1])
})

test('Stops at the highest rate that may be tried', async () => {
  const { rate, steps } = await findKnee({ from: 100, most: 1_000, tryAt: queue(1e9) })
  expect(rate).toBe(800)
  expect(steps).toHaveLength(4)
})

test('Takes no rate that the generator could not keep', async () => {
  const tryAt = async (rate: number): Promise<Tried> => ({
    rate,
    slo: rate > 300 ? 'unmeasured' : 'met',
  })
  const { rate } = await findKnee({ from: 100, tryAt })
  expect(rate).toBeLessThanOrEqual(300)
  expect(rate! * 1.1).toBeGreaterThan(300)
})
