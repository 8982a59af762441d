import { expect, test } from 'vitest'
import { Turns } from '../src/turns.ts'

test('A few have their turn at once, the others in order, and who gives up has none', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  const ends = [1, 2, 3, 4, 5].map(() => Promise.withResolvers<undefined>())
  const patience = new AbortController()
  const never = new AbortController().signal
  const runs = ends.map(({ promise }, index) => {
    const work = () => {
      begun.push(index)
      return promise
    }
    return turns.run(work, index === 2 ? patience.signal : never)
  })
  const givenUp = expect(runs[2]).rejects.toThrow('no longer')
  patience.abort(new Error('no longer'))
  await givenUp
  expect(begun).toEqual([0, 1])
  ends[1]?.resolve(undefined)
  await runs[1]
  await Promise.resolve()
  expect(begun).toEqual([0, 1, 3])
  for (const { resolve } of ends) resolve(undefined)
  await Promise.all([runs[0], runs[3], runs[4]])
  expect(begun).toEqual([0, 1, 3, 4])
  await turns.run(() => Promise.reject(new Error('a mistake')), never).catch(() => undefined)
  expect(await turns.run(async () => 'free again', never)).toBe('free again')
})
