import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createGuard, Diagnostics, type Complaint, type GuardOptions } from '@headwater/core'
import { eventually } from '@headwater/testing'

function guard(options: Partial<GuardOptions> = {}) {
  const diagnostics = new Diagnostics()
  const states: string[] = []
  const outcomes: string[] = []
  diagnostics.on('breaker:transition', ({ state }) => states.push(state))
  diagnostics.on('store:operation', ({ outcome }) => outcomes.push(outcome))
  return {
    guard: createGuard({ store: 'pinecone', diagnostics, deadlineMs: 500, openMs: 50, ...options }),
    states,
    outcomes,
  }
}

const fail = () => Promise.reject(new Error('down'))

describe('a guarded call', () => {
  test('A guarded call fails at once when the function that classifies its rejection throws', async () => {
    const { guard: pinecone, outcomes } = guard({
      deadlineMs: 60_000,
      classify: () => {
        throw new Error('the explanation failed')
      },
    })
    expect((await pinecone.run('query', fail)).isErr()).toBe(true)
    expect(outcomes).toEqual(['store-unavailable'])
  })

  test('A guarded call is retried when it is idempotent and the failure may be transient', async () => {
    const { guard: pinecone, outcomes } = guard()
    let calls = 0
    const result = await pinecone.run(
      'query',
      async () => {
        calls += 1
        if (calls < 3) throw new Error('down')
        return 'found'
      },
      { isIdempotent: true },
    )
    expect([result._unsafeUnwrap(), calls, outcomes]).toEqual(['found', 3, ['ok']])
  })

  test('A guarded call runs only once when it is not idempotent or the store refuses it', async () => {
    let calls = 0
    const count = () => {
      calls += 1
      return fail()
    }
    expect((await guard().guard.run('upsert', count)).isErr()).toBe(true)
    const { guard: refusing } = guard({
      classify: (): Complaint => ({ type: 'store-refused', reason: 'HTTP 400', code: '400' }),
    })
    const refused = await refusing.run('query', count, { isIdempotent: true })
    expect(calls).toBe(2)
    expect(refused._unsafeUnwrapErr()).toMatchObject({
      type: 'store-refused',
      code: '400',
      retryable: false,
    })
  })

  test('A guarded call retries after the wait the store asks for, unless that exceeds its deadline', async () => {
    const { guard: patient } = guard({
      classify: (): Complaint => ({
        type: 'store-unavailable',
        reason: 'HTTP 429',
        retryAfterMs: 60,
      }),
    })
    const times: number[] = []
    const given = await patient.run(
      'query',
      () => {
        times.push(performance.now())
        return fail()
      },
      { isIdempotent: true },
    )
    expect(given._unsafeUnwrapErr().message).toContain('HTTP 429')
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(58)
    const { guard: hurried } = guard({
      classify: (): Complaint => ({
        type: 'store-unavailable',
        reason: 'HTTP 429',
        retryAfterMs: 60_000,
      }),
    })
    const startedMs = performance.now()
    expect((await hurried.run('query', fail, { isIdempotent: true }))._unsafeUnwrapErr().type).toBe(
      'store-unavailable',
    )
    expect(performance.now() - startedMs).toBeLessThan(200)
  })

  test('A guarded call ends at its deadline even when the client ignores the abort signal', async () => {
    const { guard: pinecone } = guard()
    const startedMs = performance.now()
    const result = await pinecone.run('query', () => new Promise(() => undefined), {
      deadlineMs: 40,
    })
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'deadline-exceeded', deadlineMs: 40 })
    expect(performance.now() - startedMs).toBeLessThan(300)
  })

  test('An open breaker blocks guarded calls, then half-opens and closes after a successful one', async () => {
    const { guard: pinecone, states } = guard()
    for (let n = 0; n < 5; n += 1) expect((await pinecone.run('query', fail)).isErr()).toBe(true)
    let calls = 0
    const blocked = await pinecone.run('query', async () => {
      calls += 1
    })
    expect([calls, pinecone.isOpen, blocked._unsafeUnwrapErr().type]).toEqual([
      0,
      true,
      'store-unavailable',
    ])
    await eventually(async () => (await pinecone.run('query', async () => 'back')).isOk())
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })

  test('A guard opens its breaker after calls that exceed their deadlines', async () => {
    const { guard: pinecone } = guard({ deadlineMs: 10 })
    for (let n = 0; n < 5; n += 1)
      expect((await pinecone.run('query', () => new Promise(() => undefined))).isErr()).toBe(true)
    await eventually(() => pinecone.isOpen)
  })

  test('A guard counts neither refusals nor calls aborted by the caller against the store', async () => {
    const { guard: refusing } = guard({
      classify: (): Complaint => ({ type: 'store-refused', reason: 'HTTP 400' }),
    })
    for (let n = 0; n < 10; n += 1) expect((await refusing.run('query', fail)).isErr()).toBe(true)
    const { guard: left } = guard()
    for (let n = 0; n < 10; n += 1) {
      const controller = new AbortController()
      const call = left.run('query', () => new Promise(() => undefined), {
        signal: controller.signal,
      })
      await setTimeout(1)
      controller.abort()
      expect((await call).isErr()).toBe(true)
    }
    expect([refusing.isOpen, left.isOpen]).toEqual([false, false])
  })

  test('A guarded call queues for its turn, and is turned away when the queue is full', async () => {
    const { guard: narrow } = guard({ maxConcurrent: 1, maxQueued: 1 })
    let running = 0
    let most = 0
    const work = async () => {
      running += 1
      most = Math.max(most, running)
      await setTimeout(20)
      running -= 1
    }
    const results = await Promise.all([1, 2, 3].map(() => narrow.run('query', work)))
    expect(results.map((result) => result.isOk())).toEqual([true, true, false])
    expect(most).toBe(1)
  })
})
