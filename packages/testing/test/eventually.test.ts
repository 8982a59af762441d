import { expect, test } from 'vitest'
import { eventually } from '../src/eventually.ts'

test('eventually resolves to what the assertion returned once it holds', async () => {
  let attempts = 0
  const value = await eventually(
    () => {
      if (++attempts < 3) throw new Error('not yet')
      return attempts
    },
    { intervalMs: 1 },
  )
  expect(value).toBe(3)
})

test('eventually throws the last failure once the time is up', async () => {
  let attempts = 0
  const never = eventually(
    () => {
      throw new Error(`failure ${++attempts}`)
    },
    { timeoutMs: 30, intervalMs: 5 },
  )
  await expect(never).rejects.toThrow(/^failure [2-9]$/)
})

test('eventually treats false as a failure', async () => {
  await expect(eventually(() => false, { timeoutMs: 20, intervalMs: 5 })).rejects.toThrow(/false/)
})

test('eventually gives up on an assertion that never settles', async () => {
  await expect(
    eventually(() => new Promise(() => undefined), { timeoutMs: 20, intervalMs: 5 }),
  ).rejects.toThrow(/settle/)
})
