import { Diagnostics, systemClock } from '@headwater/core'
import { expect, test } from 'vitest'
import { Gate, type GateDeps } from '../../src/invalidation/gate.ts'
import { Intents } from '../../src/invalidation/intents.ts'
import type { PostgresStore } from '../../src/stores/postgres/postgres-store.ts'

/** A gate whose statements wait for {@link GateFixture.answer}. */
function gateFixture() {
  const asked: PromiseWithResolvers<void>[] = []
  const connection = {
    history: {
      use: (ask: (of: { timeline: string }) => unknown) => ask({ timeline: '1' }),
    },
    query: async (text: string) => {
      const waiting = Promise.withResolvers<void>()
      asked.push(waiting)
      await waiting.promise
      const rows = text.includes('pg_stat_activity') ? [{ timeline: 1, transactions: [] }] : []
      return { rows, rowCount: rows.length }
    },
  }
  const withConnection = (work: (of: typeof connection) => unknown) => work(connection)
  const deps = {
    intents: new Intents({ withConnection } as unknown as PostgresStore, ''),
    cacheId: { read: async () => true },
    settlement: { settle: async () => new Set() },
    postgres: { withConnection },
    redis: { isAvailable: true, keyPrefix: '', onTrustLost: () => () => undefined },
    diagnostics: new Diagnostics(),
    clock: systemClock,
  } as unknown as GateDeps
  const gate = new Gate(deps, { lookEveryMs: 5, holdMs: 60_000 })
  const statement = async () => {
    await expect.poll(() => asked.length, { timeout: 5_000 }).toBeGreaterThan(0)
    return asked.shift() as PromiseWithResolvers<void>
  }
  /** Answers the next statement. */
  const answer = async () => {
    ;(await statement()).resolve()
  }
  return { gate, answer, statement }
}

test('A gate opens after a look that found no intent and no transaction under way', async () => {
  const { gate, answer } = gateFixture()
  await answer()
  await answer()
  await expect.poll(() => gate.isOpen).toBe(true)
  void gate.stop()
})

test('A look that began before trust was lost does not open the gate', async () => {
  const { gate, answer, statement } = gateFixture()
  await answer()
  const underWay = await statement()
  gate.loseTrust()
  underWay.resolve()
  // The next look asks for the intents again: until it is answered the gate is closed.
  const intents = await statement()
  expect(gate.isOpen).toBe(false)
  intents.resolve()
  const noted = await statement()
  expect(gate.isOpen).toBe(false)
  noted.resolve()
  await expect.poll(() => gate.isOpen).toBe(true)
  void gate.stop()
})
