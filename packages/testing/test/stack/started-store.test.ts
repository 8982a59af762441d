import { expect, test } from 'vitest'
import { startedStore } from '../../src/stack/started-store.ts'

test('A store that starts but does not answer is stopped', async () => {
  let stops = 0
  const stop = async (): Promise<void> => {
    stops += 1
  }
  await expect(
    startedStore<'redis'>(stop, () => Promise.reject(new Error('no answer'))),
  ).rejects.toThrow('no answer')
  expect(stops).toBe(1)
})

test('A store that answers keeps running', async () => {
  let stops = 0
  const stop = async (): Promise<void> => {
    stops += 1
  }
  const address = { url: 'redis://127.0.0.1:1', version: '8.0' }
  expect((await startedStore<'redis'>(stop, async () => address)).address).toEqual(address)
  expect(stops).toBe(0)
})
