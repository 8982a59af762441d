import { eventually } from '@headwater/testing'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Diagnostics } from '../../src/diagnostics.ts'
import { Membership, type MembershipDeps } from '../../src/near/membership.ts'
import { MemberNames } from '../../src/near/member-names.ts'
import { RecentChanges } from '../../src/near/recent-changes.ts'
import type { Nonces } from '../../src/stores/redis/nonces.ts'
import type { MessageLink } from '../../src/stores/redis/message-link.ts'
import type { RedisStore } from '../../src/stores/redis/redis-store.ts'

const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A process whose renewals are always accepted. */
async function member() {
  let suspendedMs = 0
  let pausedMs = 0
  let pausesBeforeNow = 0
  const clock = {
    monotonic: () => systemClock.monotonic() + pausedMs,
    now: () => {
      if (pausesBeforeNow > 0) pausedMs += 80
      pausesBeforeNow = Math.max(0, pausesBeforeNow - 1)
      return systemClock.now() + pausedMs + suspendedMs
    },
  }
  const diagnostics = new Diagnostics()
  const reasons: string[] = []
  diagnostics.on('near:leave', ({ reason }) => reasons.push(reason))
  let renewals = 0
  const server = {
    evalSha: (_: string, { keys }: { keys: string[] }) => {
      renewals += 1
      return Promise.resolve(['history', ...keys.map(() => [1, 'birth', 1])])
    },
  }
  const link = {
    isUp: true,
    subscribe: () => Promise.resolve(true),
    run: (command: (client: typeof server) => Promise<unknown>) => command(server),
  } as unknown as MessageLink
  const deps: MembershipDeps = {
    link,
    redis: { client: {}, runId: 'history' } as unknown as RedisStore,
    trust: { isOpen: true, cacheId: 'id' },
    changes: new RecentChanges(),
    names: new MemberNames('hw:'),
    nonces: { next: () => 'nonce', process: 'process' } as unknown as Nonces,
    clock,
    diagnostics,
    dropAll: () => undefined,
  }
  const membership = new Membership(deps)
  ends.push(() => membership.close())
  membership.covers('course', 0)
  const mayServe = (): boolean => membership.mayServe(clock.monotonic())
  await eventually(() => {
    expect(mayServe()).toBe(true)
  })
  return {
    mayServe,
    reasons,
    renewals: () => renewals,
    suspend: (ms: number) => {
      suspendedMs += ms
    },
    pauseBetweenTheClocks: () => {
      pausesBeforeNow = 1
    },
  }
}

test('A machine that was suspended may not answer', async () => {
  const { mayServe, reasons, suspend } = await member()
  suspend(5_000)
  expect(mayServe()).toBe(false)
  expect(reasons).toEqual(['clock-jumped'])
})

test('A pause between the looks at the two clocks is no jump of either', async () => {
  const { mayServe, reasons, pauseBetweenTheClocks } = await member()
  pauseBetweenTheClocks()
  expect(mayServe()).toBe(true)
  expect(reasons).toEqual([])
})

test('A pause between the looks of a renewal is no jump either', async () => {
  const { mayServe, reasons, renewals, pauseBetweenTheClocks } = await member()
  const before = renewals()
  pauseBetweenTheClocks()
  await eventually(() => {
    expect(renewals()).toBeGreaterThan(before)
  })
  expect(mayServe()).toBe(true)
  expect(reasons).toEqual([])
})
