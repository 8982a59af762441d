import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { maxIntents } from '../../src/invalidation/intents.ts'
import { after, gateFixture, holdMs, intent, lookEveryMs, openGate } from './gate-fixture.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const backlog = [intent({ keys: Array.from({ length: 50_001 }, String), hasEnded: true })]

describe('when a gate looks', () => {
  test('It is closed until its first look, after which others stop waiting for it', async () => {
    const gate = gateFixture().create()
    let hasLooked = false
    void gate.firstLook.then(() => (hasLooked = true))
    await Promise.resolve()
    expect([gate.isOpen, hasLooked]).toEqual([false, false])
    await after(0)
    expect([gate.isOpen, hasLooked]).toEqual([true, true])
  })

  test('An open gate looks at its own pace, a closed one at once again', async () => {
    const { asked, found, gate } = await openGate()
    found.intents = [intent()]
    await after(lookEveryMs - 1)
    expect(asked).toEqual([])
    await after(1)
    expect([asked, gate.isOpen]).toEqual([['intents'], false])
    await after(50)
    expect(asked).toEqual(['intents', 'intents'])
  })

  test('It looks at once when trust is lost, as often as it is lost', async () => {
    const { asked, gate, redis } = await openGate()
    redis.loseTrust()
    redis.loseTrust()
    expect([gate.isOpen, gate.epoch, vi.getTimerCount()]).toEqual([false, 3, 1])
    await after(0)
    expect([asked, gate.isOpen]).toEqual([['intents', 'under way'], true])
    expect(vi.getTimerCount()).toBe(1)
  })

  test('It asks PostgreSQL nothing while it is closed and Redis is away', async () => {
    const { asked, gate, redis } = await openGate()
    redis.isAvailable = false
    redis.loseTrust()
    await after(500)
    expect([asked, gate.isOpen]).toEqual([[], false])
    redis.isAvailable = true
    await after(50)
    expect([asked, gate.isOpen]).toEqual([['intents', 'under way'], true])
  })

  test('It does not keep the process alive', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
    vi.useRealTimers()
    const before = timers()
    const gate = gateFixture().create()
    expect(timers()).toEqual(before)
    void gate.stop()
  })
})

describe('a gate that is stopped', () => {
  test('It waits for a look under way, and looks no more', async () => {
    const { asked, found, gate, redis } = await openGate()
    const { promise, resolve } = Promise.withResolvers<void>()
    found.reading = () => promise
    await after(lookEveryMs)
    let isStopped = false
    const stopped = gate.stop().then(() => (isStopped = true))
    await after(0)
    expect(isStopped).toBe(false)
    resolve()
    await stopped
    gate.loseTrust()
    expect([asked, vi.getTimerCount(), redis.isWatched]).toEqual([['intents'], 0, false])
  })

  test('One that is stopped before its first look lets nobody wait for it', async () => {
    const gate = gateFixture().create()
    let isAwaited = true
    void gate.firstLook.then(() => (isAwaited = false))
    await gate.stop()
    await after(0)
    expect([isAwaited, vi.getTimerCount()]).toEqual([false, 0])
  })
})

describe('what opens a gate', () => {
  test('It stays closed until it knows the cache, and open when it cannot read its id', async () => {
    const { asked, found, gate, redis } = await openGate()
    found.isKnown = false
    await after(lookEveryMs)
    expect([asked, gate.isOpen]).toEqual([['intents'], true])
    redis.loseTrust()
    await after(500)
    expect(gate.isOpen).toBe(false)
    found.isKnown = true
    await after(50)
    expect(gate.isOpen).toBe(true)
  })

  test('A look that began before trust was lost does not open it', async () => {
    const { asked, found, gate } = await openGate()
    const { promise, resolve } = Promise.withResolvers<void>()
    found.reading = () => promise
    gate.loseTrust()
    await after(0)
    gate.loseTrust()
    resolve()
    await after(0)
    expect([asked, gate.isOpen]).toEqual([['intents', 'under way'], false])
    await after(50)
    expect([asked.slice(2), gate.isOpen]).toEqual([['intents', 'under way'], true])
  })

  test('It closes when Redis is away after a look', async () => {
    const { gate, redis } = await openGate()
    redis.isAvailable = false
    await after(lookEveryMs)
    expect(gate.isOpen).toBe(false)
  })

  test('A Redis that returns during a look does not open it: the intents were not read', async () => {
    const fixture = gateFixture()
    fixture.redis.isAvailable = false
    fixture.found.reading = async () => {
      fixture.redis.isAvailable = true
    }
    const gate = fixture.create()
    await after(0)
    expect([fixture.asked, gate.isOpen]).toEqual([[], false])
  })

  test('It keeps its state when PostgreSQL fails, reports that, and asks at the usual pace', async () => {
    const { asked, diagnostics, found, gate, redis } = await openGate()
    const errors: unknown[] = []
    diagnostics.on('invalidation:failed', ({ error }) => errors.push(error))
    found.failure = new Error('PostgreSQL is away')
    await after(lookEveryMs)
    expect([gate.isOpen, errors]).toEqual([true, [found.failure]])
    redis.loseTrust()
    await after(lookEveryMs - 1)
    expect([gate.isOpen, asked]).toEqual([false, ['intents', 'intents']])
    await after(1)
    expect(asked).toEqual(['intents', 'intents', 'intents'])
  })

  test('A closed one whose look fails looks again soon, however rarely it looks while open', async () => {
    const { found, create } = gateFixture()
    found.failure = new Error('PostgreSQL is away')
    const gate = create({ lookEveryMs: 3_600_000, holdMs })
    await after(0)
    expect(gate.isOpen).toBe(false)
    found.failure = undefined
    await after(1_000)
    expect(gate.isOpen).toBe(true)
  })

  test('Each change of its state is reported once', async () => {
    const fixture = gateFixture()
    const states: string[] = []
    fixture.diagnostics.on('invalidation:gate', ({ state }) => states.push(state))
    fixture.create()
    await after(3 * lookEveryMs)
    expect(states).toEqual(['open'])
    fixture.redis.loseTrust()
    await after(0)
    expect(states).toEqual(['open', 'closed', 'open'])
  })
})

describe('writers under way when trust was lost', () => {
  test('It opens when those that it noted have ended, whoever else writes', async () => {
    const { found, gate, redis } = await openGate()
    found.running = ['7', '8']
    redis.loseTrust()
    await after(0)
    found.running = ['8', '9']
    await after(1_000)
    expect(gate.isOpen).toBe(false)
    found.running = ['9']
    await after(50)
    expect(gate.isOpen).toBe(true)
  })

  test('It waits for them no longer than a hold lives', async () => {
    const { found, gate, redis } = await openGate()
    await after(holdMs)
    found.running = ['7']
    redis.loseTrust()
    await after(holdMs - 50)
    expect(gate.isOpen).toBe(false)
    await after(50)
    expect(gate.isOpen).toBe(true)
  })

  test('Those that begin while it is open do not close it', async () => {
    const { asked, found, gate } = await openGate()
    found.running = ['7']
    await after(lookEveryMs)
    expect([asked, gate.isOpen]).toEqual([['intents'], true])
  })
})

describe('intents of writers', () => {
  test('One that is held blocks only where it was there when trust was lost', async () => {
    const { asked, found, gate, redis } = await openGate()
    found.intents = [intent({ isHeld: true })]
    await after(lookEveryMs)
    expect(gate.isOpen).toBe(true)
    redis.loseTrust()
    await after(500)
    expect(gate.isOpen).toBe(false)
    found.intents = [intent({ isHeld: true, hasEnded: true }), intent({ id: 'b', isHeld: true })]
    await after(50)
    expect([asked.at(-1), gate.isOpen]).toEqual(['settle an intent', true])
  })

  test('One that is held is left to its writer until it is old', async () => {
    const { asked, found } = await openGate()
    found.intents = [
      intent({ id: 'held', isHeld: true, hasEnded: true }),
      intent({ id: 'old', isHeld: true, hasEnded: true, isOld: true }),
      intent({ id: 'running', isHeld: true, isOld: true }),
    ]
    await after(lookEveryMs)
    expect(asked).toEqual(['intents', 'settle old'])
  })

  test('Where there are more than one look reads, it waits for those that a later look finds', async () => {
    const { asked, found, gate, redis } = await openGate()
    const held = (count: number) =>
      Array.from({ length: count }, (_, at) => intent({ id: `${count} ${at}`, isHeld: true }))
    found.intents = held(maxIntents)
    redis.loseTrust()
    await after(0)
    expect([asked.slice(0, 3), gate.isOpen]).toEqual([['intents', 'flush', 'intents'], false])
    found.intents = held(1)
    await after(50)
    expect(gate.isOpen).toBe(false)
    found.intents = []
    await after(50)
    expect(gate.isOpen).toBe(true)
  })

  test('A backlog is flushed, and looked at again before the gate opens', async () => {
    const { asked, found, gate } = await openGate()
    found.intents = backlog
    await after(lookEveryMs)
    expect([asked, gate.isOpen]).toEqual([['intents', 'flush', 'intents'], true])
  })

  test('While another process flushes, it is closed and asks less often', async () => {
    const { asked, found, gate } = await openGate()
    found.intents = backlog
    found.isBusy = true
    await after(lookEveryMs + 249)
    expect([asked, gate.isOpen]).toEqual([['intents', 'flush'], false])
    found.intents = []
    await after(1)
    expect([asked.at(-1), gate.isOpen]).toEqual(['intents', true])
  })

  test('So many keys are deleted one by one, and no flush is needed', async () => {
    const { asked, found } = await openGate()
    found.intents = [
      intent({ id: 'a', keys: Array.from({ length: 25_000 }, String), hasEnded: true }),
      intent({ id: 'b', keys: Array.from({ length: 25_000 }, String), hasEnded: true }),
    ]
    await after(lookEveryMs)
    expect(asked).toEqual(['intents', 'settle a,b'])
  })
})
