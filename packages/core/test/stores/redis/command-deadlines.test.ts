import { systemClock } from '../../../src/clock.ts'
import { CommandDeadlines } from '../../../src/stores/redis/command-deadlines.ts'
import { expect, test } from 'vitest'

const deadlines = new CommandDeadlines(100, systemClock)

test('Short commands share the usual deadlines, and long ones those of their length', () => {
  expect(deadlines.of(undefined).ms).toBe(100)
  expect(deadlines.of({ characters: 10_000 })).toBe(deadlines.of(undefined))
  expect(deadlines.of({ characters: 200_000 }).ms).toBe(356)
  expect(deadlines.of({ characters: 200_000 })).toBe(deadlines.of({ characters: 250_000 }))
})

test('A deadline of a call’s own grows with its length too', () => {
  expect(deadlines.of({ deadlineMs: 20 }).ms).toBe(20)
  expect(deadlines.of({ deadlineMs: 20, characters: 200_000 }).ms).toBe(276)
})

test('Commands of very many lengths are remembered for the first of them only', () => {
  for (let steps = 1; steps <= 40; steps += 1) deadlines.of({ characters: steps * 65_536 })
  const longest = { characters: 40 * 65_536 }
  expect(deadlines.of(longest)).not.toBe(deadlines.of(longest))
  expect(deadlines.of(longest).ms).toBe(100 + 40 * 64)
})
