import { setTimeout } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { deadline } from '@headwater/core'

const options = { ms: 30, store: 'openai', operation: 'embed' } as const

describe('deadline', () => {
  test('deadline returns a result that arrives in time', async () => {
    expect((await deadline(Promise.resolve(5), options))._unsafeUnwrap()).toBe(5)
  })

  test('deadline returns deadline-exceeded for a call that never ends, and aborts its signal', async () => {
    let signal: AbortSignal | undefined
    const result = await deadline((given) => {
      signal = given
      return new Promise(() => undefined)
    }, options)
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
      store: 'openai',
      operation: 'embed',
      deadlineMs: 30,
    })
    expect(signal?.aborted).toBe(true)
  })

  test('deadline still returns a failure when the function that explains a rejection throws', async () => {
    const failure = (): never => {
      throw new Error('the explanation failed')
    }
    const result = await deadline(Promise.reject(new Error('down')), { ...options, failure })
    expect(result._unsafeUnwrapErr().type).toBe('store-unavailable')
  })

  test('A deadline of 30 days, longer than a Node timer allows, does not expire at once', async () => {
    const slow = setTimeout(50, 'answer')
    const result = await deadline(slow, { ...options, ms: 30 * 24 * 3_600_000 })
    expect(result._unsafeUnwrap()).toBe('answer')
  })

  test('deadline ends early when the caller aborts', async () => {
    const controller = new AbortController()
    const result = deadline(new Promise(() => undefined), {
      ...options,
      ms: 60_000,
      signal: controller.signal,
    })
    controller.abort()
    expect((await result)._unsafeUnwrapErr().type).toBe('deadline-exceeded')
  })

  test('A deadline whose caller aborts leaves no timer, though its call never ends', async () => {
    vi.useFakeTimers()
    try {
      const controller = new AbortController()
      const never = new Promise(() => undefined)
      const result = deadline(never, { ...options, signal: controller.signal })
      expect(vi.getTimerCount()).toBe(1)
      controller.abort()
      expect((await result).isErr()).toBe(true)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('deadline does not start a call that the caller has already aborted', async () => {
    let hasBegun = false
    expect(
      (
        await deadline(
          async () => {
            hasBegun = true
          },
          { ...options, signal: AbortSignal.abort() },
        )
      ).isErr(),
    ).toBe(true)
    expect(hasBegun).toBe(false)
  })

  test('deadline returns store-unavailable for a call that rejects or throws', async () => {
    const rejected = await deadline(Promise.reject(new Error('x')), options)
    const thrown = await deadline(() => {
      throw new Error('x')
    }, options)
    expect([rejected, thrown].map((result) => result._unsafeUnwrapErr().type)).toEqual([
      'store-unavailable',
      'store-unavailable',
    ])
  })
})
