import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { deadline } from '@headwater/core'

const options = { ms: 30, store: 'openai', operation: 'embed' } as const

describe('deadline', () => {
  test('gives back what comes in time', async () => {
    expect((await deadline(Promise.resolve(5), options))._unsafeUnwrap()).toBe(5)
  })

  test('answers deadline-exceeded for what never ends, and aborts its signal', async () => {
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

  test('A deadline answers when the explanation of a rejection throws', async () => {
    const failure = (): never => {
      throw new Error('the explanation failed')
    }
    const result = await deadline(Promise.reject(new Error('down')), { ...options, failure })
    expect(result._unsafeUnwrapErr().type).toBe('store-unavailable')
  })

  test('A deadline of 30 days, longer than one timer of Node, has not passed after a moment', async () => {
    const slow = setTimeout(50, 'answer')
    const result = await deadline(slow, { ...options, ms: 30 * 24 * 3_600_000 })
    expect(result._unsafeUnwrap()).toBe('answer')
  })

  test('ends early when the caller gives up', async () => {
    const controller = new AbortController()
    const result = deadline(new Promise(() => undefined), {
      ...options,
      ms: 60_000,
      signal: controller.signal,
    })
    controller.abort()
    expect((await result)._unsafeUnwrapErr().type).toBe('deadline-exceeded')
  })

  test('does not begin what the caller has given up already', async () => {
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

  test('answers store-unavailable for what is rejected or thrown', async () => {
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
