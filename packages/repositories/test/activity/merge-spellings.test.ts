import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { mergeSpellings } from '../../src/activity/asked/merge-spellings.ts'
import { rankQueries } from '../../src/activity/asked/rank-queries.ts'

const figures = Array.from({ length: 10_000 }, (_, n) => ({
  ...{ query: `query ${n}`, users: 5, asked: 5, missed: 0, clicked: 0 },
}))
const formOf = (text: string) => ({ form: text.replace(' ', ''), text })

test('Ten thousand spellings leave many turns of the event loop to others', async () => {
  let turns = 0
  let isDone = false
  const others = (async () => {
    for (; !isDone; turns += 1) await setImmediate()
  })()
  const merging = { formOf, minUsers: 5, isOver: () => false }
  const merged = await mergeSpellings(figures, merging)
  const mergedIn = turns
  const ranked = await rankQueries(merged, { users: [], minUsers: 5, isOver: () => false })
  isDone = true
  await others
  expect(ranked).toHaveLength(figures.length)
  expect(mergedIn).toBeGreaterThanOrEqual(60)
  expect(turns - mergedIn).toBeGreaterThanOrEqual(30)
})

test('Spellings are looked at until the gathering is given up', async () => {
  let looked = 0
  const counted = (text: string) => {
    looked += 1
    return formOf(text)
  }
  await mergeSpellings(figures, { formOf: counted, minUsers: 5, isOver: () => looked > 0 })
  expect(looked).toBeGreaterThan(0)
  expect(looked).toBeLessThan(1_000)
})
