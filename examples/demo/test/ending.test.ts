import { expect, test } from 'vitest'
import { Ending } from '../src/ending.ts'

test('The steps of an ending run once, the last added first, past one that fails', async () => {
  const ended: string[] = []
  const ending = new Ending()
  ending.add(async () => {
    ended.push('stores')
  })
  ending.add(() => Promise.reject(new Error('the client is gone already')))
  ending.add(async () => {
    ended.push('server')
  })
  await Promise.all([ending.end(), ending.end(), ending.untilBegun()])
  expect(ended).toEqual(['server', 'stores'])
})

test('A step added during an ending runs at once', async () => {
  const ending = new Ending()
  await ending.end()
  let hasEnded = false
  ending.add(async () => {
    hasEnded = true
  })
  expect(hasEnded).toBe(true)
})
