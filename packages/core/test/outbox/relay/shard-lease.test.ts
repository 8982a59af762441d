import { systemClock } from '@headwater/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type BatchLimit, ShardLease } from '../../../src/outbox/relay/shard-lease.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const leaseMs = 1_000
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const now = () => systemClock.monotonic()
const reasonOf = ({ signal }: BatchLimit): unknown => signal.reason

/** A lease of a relay that has been up for a while. */
async function renewedLease(): Promise<ShardLease> {
  await pass(5_000)
  const lease = new ShardLease(systemClock, leaseMs)
  lease.renewed(now())
  return lease
}

test('A lease is safe for four fifths of it since the statement that renewed it was sent', async () => {
  const lease = await renewedLease()
  await pass(799)
  expect(lease.isSafe).toBe(true)
  await pass(1)
  expect(lease.isSafe).toBe(false)
  lease.renewed(now() - 100)
  await pass(699)
  expect(lease.isSafe).toBe(true)
  await pass(1)
  expect(lease.isSafe).toBe(false)
})

test('One that was never renewed is not safe, and interrupts a batch at once', async () => {
  await pass(5_000)
  const lease = new ShardLease(systemClock, leaseMs)
  expect(lease.isSafe).toBe(false)
  expect(reasonOf(lease.limit(60_000))).toMatchObject({ kind: 'ended' })
})

test('A batch is interrupted a fifth before the end of the lease, however often it was renewed', async () => {
  const lease = await renewedLease()
  const limit = lease.limit(60_000)
  await pass(500)
  lease.renewed(now())
  await pass(799)
  expect(limit.signal.aborted).toBe(false)
  await pass(1)
  expect(reasonOf(limit)).toMatchObject({
    name: 'Interruption',
    kind: 'ended',
    message: 'the lease was about to end',
  })
})

test('A batch is interrupted when the sink takes too long', async () => {
  const lease = await renewedLease()
  const limit = lease.limit(300)
  await pass(299)
  expect(limit.signal.aborted).toBe(false)
  await pass(1)
  expect(reasonOf(limit)).toMatchObject({
    name: 'Interruption',
    kind: 'late',
    message: 'the sink took longer than 300 ms',
  })
})

test('A time limit that is longer than a timer can wait interrupts nothing at once', async () => {
  const lease = await renewedLease()
  const waits: unknown[] = []
  vi.stubGlobal('setTimeout', (_: unknown, ms: unknown) => waits.push(ms))
  lease.limit(2 ** 40)
  vi.unstubAllGlobals()
  expect(waits[0]).toBe(2_147_483_647)
})

test('All batches in progress can be interrupted, and no other', async () => {
  const lease = await renewedLease()
  const [ended, ...running] = [lease.limit(300), lease.limit(300), lease.limit(300)]
  ended?.lift()
  lease.interrupt('a reason')
  expect(running.map(reasonOf)).toMatchObject(
    Array.from({ length: 2 }, () => ({ kind: 'ended', message: 'a reason' })),
  )
  expect(ended?.signal.aborted).toBe(false)
})

test('A batch that has ended leaves no timer', async () => {
  const lease = await renewedLease()
  const limit = lease.limit(300)
  await pass(100)
  limit.lift()
  expect(vi.getTimerCount()).toBe(0)
})
