import { Diagnostics, err, ok } from '@headwater/core'
import { beforeEach, expect, test } from 'vitest'
import type { FoundIntent } from '../../src/invalidation/intents.ts'
import { Settlement, type SettlementDeps } from '../../src/invalidation/settlement.ts'

const away = { type: 'store-unavailable', store: 'redis', message: 'away' }
const ended = (id: string, keys: readonly string[]): FoundIntent => ({
  id,
  keys,
  isHeld: false,
  hasEnded: true,
  isOld: false,
})

let done: string[]
let areDropped: boolean
let isAway: boolean
/** The intents that have ended; `busy` while another process removes them. */
let removed: number | 'busy'

beforeEach(() => {
  done = []
  isAway = false
  areDropped = true
  removed = 0
})

function settlementOf(): Settlement {
  let nowMs = 5_000
  const redis = {
    keyPrefix: '',
    get isAvailable() {
      return !isAway
    },
    run: async (operation: string) => {
      done.push(operation)
      nowMs += 7
      return isAway ? err(away) : ok(operation === 'exists' ? 1 : [])
    },
  }
  const intents = {
    remove: async (ids: readonly string[]) => void done.push(`remove ${ids.join()}`),
    removeEnded: async (_: number, settle: () => Promise<void>) => {
      if (removed !== 'busy' && removed > 0) await settle()
      return removed
    },
  }
  const diagnostics = new Diagnostics()
  diagnostics.on('invalidation:release', ({ keys }) => done.push(`released ${keys}`))
  diagnostics.on('invalidation:flush', ({ intents: count, durationMs }) =>
    done.push(`flushed ${count} in ${durationMs}`),
  )
  const clock = { now: () => nowMs, monotonic: () => nowMs }
  const nonces = { next: () => 'a nonce' }
  const announce = async (keys: readonly string[]) => {
    done.push(`announce ${keys.join()}`)
    return areDropped
  }
  const deps = { redis, intents, diagnostics, clock, nonces, announce } as unknown as SettlementDeps
  return new Settlement(deps)
}

test('Intents whose keys are gone from Redis are removed, and that is reported', async () => {
  // Redis has one of the keys, and releases it.
  const settled = await settlementOf().settle([ended('one', ['a', 'b']), ended('two', ['c'])])
  expect([...settled]).toEqual(['one', 'two'])
  expect(done).toEqual(['exists', 'release', 'announce a,b,c', 'remove one,two', 'released 3'])
})

test('Intents that Redis does not settle are neither removed nor reported', async () => {
  isAway = true
  expect((await settlementOf().settle([ended('one', ['a'])])).size).toBe(0)
  expect(done).toEqual(['exists', 'release'])
})

test('Intents stay while it is unknown who keeps values of their keys', async () => {
  areDropped = false
  expect((await settlementOf().settle([ended('one', ['a'])])).size).toBe(0)
  expect(done).toEqual(['exists', 'release', 'announce a'])
})

test('One flush settles all of them, and is reported', async () => {
  removed = 3
  expect(await settlementOf().flush(1_000)).toBe(3)
  expect(done).toEqual(['flush', 'flushed 3 in 7'])
})

test('A flush that Redis refuses fails, so that the intents stay', async () => {
  removed = 3
  isAway = true
  await expect(settlementOf().flush(1_000)).rejects.toMatchObject({ failure: away })
  expect(done).toEqual(['flush'])
})

test.each([0, 'busy'] as const)(
  'Where nothing is flushed nothing is reported (%s)',
  async (none) => {
    removed = none
    expect(await settlementOf().flush(1_000)).toBe(none)
    expect(done).toEqual([])
  },
)
