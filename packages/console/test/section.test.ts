import { err, ok } from '@headwater/core'
import { expect, test } from 'vitest'
import { section } from '../src/section.ts'

test('A part that hangs, fails or throws says why, and one that is there is shown', async () => {
  const parts = await Promise.all([
    section(() => new Promise<never>(() => undefined)),
    section(async () => err({ message: 'no such host' })),
    section(() => {
      throw new Error('a mistake')
    }),
    section(async () => ok(5)),
  ])
  expect(parts).toEqual([
    { isAvailable: false, reason: 'no answer within 850 ms' },
    { isAvailable: false, reason: 'no such host' },
    { isAvailable: false, reason: 'a mistake' },
    { isAvailable: true, data: 5 },
  ])
})
