import { describe, expect, test } from 'vitest'
import type { OwnedShard } from '../../../src/outbox/relay/cursor.ts'
import { owningFour, ownershipFixture } from './ownership-fixture.ts'

const passed = { tick: 2n, tickTo: undefined, lastSeq: 7n }
const ticksOf = (shards: readonly OwnedShard[]) => shards.map(({ tick }) => tick)

describe('the share of a relay', () => {
  test.each([
    { relays: 1, shards: 64 },
    { relays: 2, shards: 32 },
    { relays: 3, shards: 22 },
  ])('One of $relays takes $shards of 64, and asks no more', async ({ relays, shards }) => {
    const { ownership, sentBy, server } = ownershipFixture()
    server.relays = relays
    await ownership.pulse()
    expect(await sentBy(() => ownership.balance())).toEqual(['claim', 'stuck'])
    expect(ownership.numbers).toHaveLength(shards)
    await ownership.pulse()
    expect(await sentBy(() => ownership.balance())).toEqual([])
  })

  test('It asks once for what others are taking too', async () => {
    const { ownership, sentBy, server } = ownershipFixture()
    server.free = 10
    expect(await sentBy(() => ownership.balance())).toEqual(['claim', 'stuck'])
    expect(ownership.numbers).toHaveLength(10)
    expect(await sentBy(() => ownership.balance())).toEqual([])
    server.free = 0
    await ownership.pulse()
    expect(await sentBy(() => ownership.balance())).toEqual([])
    server.free = 1
    await ownership.pulse()
    expect(await sentBy(() => ownership.balance())).toEqual(['claim', 'stuck'])
  })

  test('It writes the positions of what it releases to another relay', async () => {
    const { ownership, sentBy, server } = await owningFour()
    server.relays = 32
    await ownership.pulse()
    expect(await sentBy(() => ownership.balance())).toEqual(['acknowledge', 'release'])
    expect([ownership.numbers, [...server.fences.keys()]]).toEqual([
      [0, 1],
      [0, 1],
    ])
  })

  test('It takes nothing while the server is not known, and a claim of nothing loads nothing', async () => {
    const { ownership, sentBy, server, ticks } = ownershipFixture()
    ticks.history = undefined
    expect(await sentBy(() => ownership.balance())).toEqual([])
    ticks.history = 'here'
    server.free = 0
    expect(await sentBy(() => ownership.balance())).toEqual(['claim'])
  })

  test('It leaves with all of them', async () => {
    const { ownership, sentBy } = await owningFour()
    expect(await sentBy(() => ownership.leave())).toEqual(['leave'])
    expect(ownership.shards).toEqual([])
  })
})

describe('a pulse', () => {
  test('It renews the lease from when it was sent', async () => {
    const { ownership, server, time } = ownershipFixture()
    expect(ownership.lease.isSafe).toBe(false)
    server.answering = async () => void (time.nowMs += 100)
    await ownership.pulse()
    time.nowMs += 699
    expect(ownership.lease.isSafe).toBe(true)
    time.nowMs += 1
    expect(ownership.lease.isSafe).toBe(false)
  })

  test('Shards that another relay has taken are dropped, and batches in progress interrupted', async () => {
    const { ownership, sentBy, server } = await owningFour()
    const limit = ownership.lease.limit(60_000)
    await ownership.pulse()
    expect(limit.signal.aborted).toBe(false)
    server.fences.set(1, 9n)
    server.fences.delete(2)
    await ownership.pulse()
    expect(ownership.numbers).toEqual([0, 3])
    expect(limit.signal.reason).toMatchObject({
      message: 'a shard was taken over by another relay',
    })
    limit.lift()
    // One of them is this relay's again, under a fence that it has not read.
    expect(await sentBy(() => ownership.balance())).toEqual(['reclaim', 'stuck'])
    expect(ownership.numbers).toEqual([0, 1, 3])
  })

  test('A sink that another release has registered is reported once, and takes no shard', async () => {
    const { ownership, sentBy, server } = ownershipFixture()
    server.isRegistered = false
    await expect(ownership.pulse()).rejects.toThrow(
      'sink recorder was registered again with another mode or other types: relays with the old',
    )
    await ownership.pulse()
    expect(await sentBy(() => ownership.balance())).toEqual([])
    server.isRegistered = true
    await ownership.pulse()
    server.isRegistered = false
    await expect(ownership.pulse()).rejects.toThrow('registered again')
  })

  test('It is forsaken once it has waited alone for a minute', async () => {
    const { ownership, server, time } = ownershipFixture()
    const isForsakenAfter = async (ms: number) => {
      time.nowMs += ms
      await ownership.pulse().catch(() => undefined)
      return ownership.isForsaken
    }
    expect(await isForsakenAfter(120_000)).toBe(false)
    server.isRegistered = false
    expect(await isForsakenAfter(0)).toBe(false)
    expect(await isForsakenAfter(59_999)).toBe(false)
    expect(await isForsakenAfter(1)).toBe(true)
    server.relays = 2
    expect(await isForsakenAfter(1)).toBe(false)
    server.relays = 1
    expect(await isForsakenAfter(60_000)).toBe(false)
    server.isRegistered = true
    expect(await isForsakenAfter(60_000)).toBe(false)
  })
})

describe('positions', () => {
  test('An acknowledgement moves the shards it counted for, and drops the others', async () => {
    const { ownership, server } = await owningFour()
    server.fences.set(3, 9n)
    const [, , moved, lost] = ownership.shards.map((shard) => ({ ...shard, ...passed }))
    await ownership.acknowledge({ shards: [moved, lost] as OwnedShard[] })
    expect(ownership.numbers).toEqual([0, 1, 2])
    expect(ticksOf(ownership.shards)).toEqual([1n, 1n, 2n])
  })

  test('Failures are written with the positions of their shards alone', async () => {
    const { ownership, sentBy, server } = await owningFour()
    for (const shard of server.fences.keys()) server.fences.set(shard, 9n)
    const rows = { failures: [], settled: [{} as never] }
    expect(await sentBy(() => ownership.writeFailures(new Set([2]), rows))).toEqual([
      'acknowledge failures',
    ])
    expect(ownership.numbers).toEqual([0, 1, 3])
  })

  test('Those moved in memory are saved once, and not more often than is asked', async () => {
    const { ownership, sentBy, time } = await owningFour()
    const save = () => sentBy(() => ownership.save(500))
    expect(await save()).toEqual([])
    const move = () => {
      ownership.move(ownership.shards.slice(0, 1), passed)
    }
    move()
    expect(ticksOf(ownership.shards)).toEqual([2n, 1n, 1n, 1n])
    expect(await save()).toEqual(['acknowledge'])
    time.nowMs += 500
    expect(await save()).toEqual([])
    move()
    expect(await save()).toEqual(['acknowledge'])
    move()
    time.nowMs += 499
    expect(await save()).toEqual([])
    time.nowMs += 1
    expect(await save()).toEqual(['acknowledge'])
  })

  test('A shard that was lost is not moved', async () => {
    const { ownership } = await owningFour()
    const { shards } = ownership
    await ownership.leave()
    ownership.move(shards, passed)
    expect(ownership.shards).toEqual([])
  })

  test('After an error nothing is acknowledged until they are read again, under new fences', async () => {
    const { ownership, sentBy } = await owningFour()
    ownership.move(ownership.shards, passed)
    ownership.requireResync()
    await expect(ownership.acknowledge({ shards: ownership.shards })).rejects.toThrow(
      'the positions of the shards must be read again first',
    )
    expect(await sentBy(() => ownership.balance())).toEqual(['reclaim', 'stuck'])
    expect(ownership.shards.map(({ fence, tick }) => [fence, tick])).toEqual(
      Array.from({ length: 4 }, () => [2n, 1n]),
    )
    expect(await sentBy(() => ownership.save(0))).toEqual([])
    expect(await sentBy(() => ownership.balance())).toEqual([])
  })

  test('Where they cannot be read none is kept, and they are read the next time', async () => {
    const { ownership, sentBy, server } = await owningFour()
    ownership.requireResync()
    server.failure = new Error('PostgreSQL is away')
    await expect(ownership.balance()).rejects.toBe(server.failure)
    expect(ownership.shards).toEqual([])
    server.failure = undefined
    await expect(ownership.acknowledge({ shards: [] })).rejects.toThrow('must be read again')
    expect(await sentBy(() => ownership.balance())).toEqual(['reclaim', 'stuck'])
  })
})

test('Stuck aggregates are known for the shards it owns', async () => {
  const fixture = ownershipFixture()
  const { ownership, server } = fixture
  server.free = 2
  server.stuck = [{ shard: 1, aggregatetype: 'course', aggregateid: 'a' }]
  await ownership.balance()
  expect([ownership.stuckIn(0), ownership.stuckIn(1)]).toEqual([new Set(), new Set(['course\0a'])])
  expect(ownership.hasStuck).toBe(true)
  ownership.stuckIn(0).add('course\0b')
  expect(ownership.stuckIn(0).size).toBe(1)
  await ownership.leave()
  expect([ownership.stuckIn(0), ownership.hasStuck]).toEqual([new Set(), false])
})

test('No aggregate is stuck where none has failed', async () => {
  const { ownership } = await owningFour()
  expect(ownership.hasStuck).toBe(false)
})

test('Statements take turns, also after one that failed', async () => {
  const { ownership, sent, server } = await owningFour()
  const { promise, reject } = Promise.withResolvers<void>()
  server.answering = () => promise
  const failing = ownership.pulse()
  const next = ownership.acknowledge({ shards: ownership.shards })
  await Promise.resolve()
  expect(sent).toEqual(['pulse'])
  server.answering = async () => undefined
  reject(new Error('PostgreSQL is away'))
  await expect(failing).rejects.toThrow('away')
  await next
  expect(sent).toEqual(['pulse', 'acknowledge'])
})
