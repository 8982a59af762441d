import { ok, type Result } from '@headwater/core'
import { expect, test } from 'vitest'
import { oneAtATime, type Deed } from '../src/action.ts'

test('What goes on is not begun again, and can be once it has ended', async () => {
  const { promise, resolve } = Promise.withResolvers<Result<Deed, never>>()
  const repair = oneAtATime(() => promise)
  const first = repair()
  expect((await repair())._unsafeUnwrapErr().type).toBe('still-running')
  resolve(ok({ outcome: 'repaired' }))
  expect(await first).toEqual(ok({ outcome: 'repaired' }))
  expect(await repair()).toEqual(ok({ outcome: 'repaired' }))
})
