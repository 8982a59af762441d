import { describe, expect, test } from 'vitest'
import { MemoryLimiter } from '../../src/rate-limit/memory-limiter.ts'

const rate = (burst: number) => ({ burst, intervalUs: 1_000_000 })
const stopped = { now: () => 0, monotonic: () => 5_000 }

describe('a limiter in memory', () => {
  test('The limiter in memory counts a request with every limit or with none', () => {
    const limiter = new MemoryLimiter(stopped)
    const takes = [
      { key: 'scarce', rate: rate(1) },
      { key: 'ample', rate: rate(3) },
    ]
    expect(limiter.take(takes).map(({ isAllowed, remaining }) => [isAllowed, remaining])).toEqual([
      [true, 0],
      [true, 2],
    ])
    for (let n = 0; n < 5; n += 1)
      expect(limiter.take(takes).map(({ isAllowed, remaining }) => [isAllowed, remaining])).toEqual(
        [
          [false, 0],
          [true, 2],
        ],
      )
    expect(limiter.take([{ key: 'ample', rate: rate(3) }])[0]).toMatchObject({
      isAllowed: true,
      remaining: 1,
    })
  })

  test('The limiter in memory forgets the least recently seen of more than 10,000 subjects', () => {
    const limiter = new MemoryLimiter(stopped)
    const isAllowed = (key: string) => limiter.take([{ key, rate: rate(1) }])[0]?.isAllowed
    for (let n = 0; n <= 10_000; n += 1) isAllowed(String(n))
    expect([isAllowed('0'), isAllowed('10000')]).toEqual([true, false])
  })

  test('A subject that is seen again is not the one that the limiter in memory forgets', () => {
    const limiter = new MemoryLimiter(stopped)
    const take = (key: string) => limiter.take([{ key, rate: rate(2) }])[0]
    for (let n = 0; n < 10_000; n += 1) take(String(n))
    take('0')
    take('one more')
    expect(take('0')).toMatchObject({ isAllowed: false })
    expect(take('1')).toMatchObject({ isAllowed: true, remaining: 1 })
  })

  test('A limiter in memory that is cleared counts every subject from the beginning', () => {
    const limiter = new MemoryLimiter(stopped)
    const take = () => limiter.take([{ key: 'x', rate: rate(1) }])[0]?.isAllowed
    expect([take(), take()]).toEqual([true, false])
    limiter.clear()
    expect(take()).toBe(true)
  })
})
