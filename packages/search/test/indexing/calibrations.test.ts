import { Diagnostics, okAsync, orThrow, ResultAsync, systemClock } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { inMemoryVectorIndex } from '@headwater/search'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Calibrations } from '../../src/indexing/calibrations.ts'
import { courseTemplate } from '../../src/indexing/course-template.ts'
import type { Generation } from '../../src/indexing/generations.ts'

/** Stores that keep nothing, and what ends with them. */
function emptyStores() {
  const endings: (() => Promise<void>)[] = []
  const stores = {
    clock: systemClock,
    diagnostics: new Diagnostics(),
    postgres: { query: () => okAsync({ rows: [] }) },
    beforeClose: (end: () => Promise<void>) => endings.push(end),
  } as unknown as Stores
  return { stores, close: () => Promise.all(endings.map((end) => end())) }
}

/** A generation whose embedder does not answer at first. */
async function silentGeneration() {
  const asked = { isSilent: true }
  const index = inMemoryVectorIndex({ dimensions: 2 })
  orThrow(await index.upsert([{ id: 'course_1', values: [1, 0], metadata: { generation: 'own' } }]))
  const generation: Generation = {
    name: 'own',
    template: courseTemplate,
    index,
    embedder: {
      profile: { model: 'silent', dimensions: 2 },
      embed: (texts) =>
        asked.isSilent
          ? new ResultAsync(Promise.withResolvers<never>().promise)
          : okAsync(texts.map(() => [0, 1])),
    },
  }
  return { generation, asked }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('A measurement that never ends is given up after ten seconds, and the next one is made anew', async () => {
  const { generation, asked } = await silentGeneration()
  const calibrations = new Calibrations(emptyStores().stores)
  const late = calibrations.of(generation)
  await vi.advanceTimersByTimeAsync(11_000)
  expect((await late)._unsafeUnwrapErr().type).toBe('deadline-exceeded')
  asked.isSilent = false
  expect(orThrow(await calibrations.of(generation))).toMatchObject({ typical: 0, courses: 1 })
})

it('A measurement ends with the stores', async () => {
  const { generation } = await silentGeneration()
  const { stores, close } = emptyStores()
  const measuring = new Calibrations(stores).of(generation)
  await vi.advanceTimersByTimeAsync(1_000)
  await close()
  expect((await measuring)._unsafeUnwrapErr().type).toBe('deadline-exceeded')
  expect(vi.getTimerCount()).toBe(0)
})
