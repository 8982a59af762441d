import { ok } from '@headwater/core'
import { expect, test, vi } from 'vitest'
import { SharedViews } from '../src/shared-views.ts'

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
