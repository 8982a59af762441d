import { Diagnostics, systemClock } from '@headwater/core'
import { expect, vi } from 'vitest'
import { Gate, type GateDeps } from '../../src/invalidation/gate.ts'
import type { FoundIntent } from '../../src/invalidation/intents.ts'

/** How often an open gate looks, and how long a hold lives. */
export const lookEveryMs = 1_000
export const holdMs = 10_000

/** An intent of a transaction that is under way. */
export const intent = (values: Partial<FoundIntent> = {}): FoundIntent => ({
  id: 'an intent',
  keys: ['row:1'],
  isHeld: false,
  hasEnded: false,
  isOld: false,
  ...values,
})

/** A gate, and what its looks find; `asked` lists what they asked for. */
export function gateFixture() {
  const asked: string[] = []
  const found = {
    intents: [] as readonly FoundIntent[],
    running: [] as readonly string[],
    isBusy: false,
    isKnown: true,
    failure: undefined as Error | undefined,
    /** Called while the marker is read. */
    reading: async (): Promise<void> => undefined,
  }
  const redis = { isAvailable: true, loseTrust: () => undefined as void, isWatched: true }
  const diagnostics = new Diagnostics()
  const connection = {
    history: { use: (ask: (of: { timeline: string }) => unknown) => ask({ timeline: '1' }) },
    query: async () => {
      asked.push('under way')
      return { rows: [{ timeline: '1', transactions: found.running }] }
    },
  }
  const deps = {
    intents: {
      read: async () => {
        asked.push('intents')
        if (found.failure !== undefined) throw found.failure
        return found.intents
      },
    },
    cacheId: {
      read: async () => {
        await found.reading()
        return found.isKnown
      },
    },
    settlement: {
      settle: async (ended: readonly FoundIntent[]) => {
        if (ended.length > 0) asked.push(`settle ${ended.map(({ id }) => id).join()}`)
        return new Set(ended.map(({ id }) => id))
      },
      flush: async () => {
        asked.push('flush')
        if (found.isBusy) return 'busy'
        found.intents = found.intents.filter(({ hasEnded }) => !hasEnded)
        return 1
      },
    },
    postgres: { withConnection: (work: (of: typeof connection) => unknown) => work(connection) },
    redis: Object.assign(redis, {
      onTrustLost: (listener: () => void) => {
        redis.loseTrust = listener
        return () => {
          redis.isWatched = false
        }
      },
    }),
    diagnostics,
    clock: systemClock,
  } as unknown as GateDeps
  const create = (options = { lookEveryMs, holdMs }) => new Gate(deps, options)
  return { asked, found, redis, diagnostics, create }
}

/** Lets time pass; for fake timers. */
export const after = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** A gate that the first look has opened. */
export async function openGate() {
  const fixture = gateFixture()
  const gate = fixture.create()
  await after(0)
  expect(gate.isOpen).toBe(true)
  fixture.asked.length = 0
  return { ...fixture, gate }
}
