import { ok } from '@headwater/core'
import { afterEach, expect, test, vi } from 'vitest'
import { SharedViews } from '../src/shared-views.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('Who looks within a second shares an answer, until something is done', async () => {
  const views = new SharedViews()
  const work = vi.fn(async () => ok(1))
  const looking = [views.show('outbox', work), views.show('outbox', work)]
  expect(await Promise.all(looking)).toEqual([ok(1), ok(1)])
  expect(await views.show('overview', work)).toEqual(ok(1))
  expect(work).toHaveBeenCalledTimes(2)
  views.forget()
  expect(await views.show('outbox', work)).toEqual(ok(1))
  expect(work).toHaveBeenCalledTimes(3)
})

test('A view that never answers is given up after ten seconds, and asked anew', async () => {
  vi.useFakeTimers()
  const views = new SharedViews()
  const work = vi.fn().mockReturnValueOnce(new Promise<never>(() => undefined))
  work.mockResolvedValue(ok(2))
  const hung = views.show('outbox', work)
  vi.advanceTimersByTime(9_999)
  expect(views.show('outbox', work)).toBe(hung)
  expect(work).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1)
  expect(await views.show('outbox', work)).toEqual(ok(2))
  expect(work).toHaveBeenCalledTimes(2)
})
