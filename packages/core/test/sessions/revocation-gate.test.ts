import {
  Diagnostics,
  ok,
  type RedisStore,
  type Result,
  ResultAsync,
  type StoreError,
} from '@headwater/core'
import { afterEach, describe, expect, test } from 'vitest'
import { RevocationGate } from '../../src/sessions/revocation-gate.ts'

const gates: RevocationGate[] = []
afterEach(async () => {
  for (const gate of gates.splice(0)) await gate.stop()
})

/** A gate whose looks at PostgreSQL end when the test says so. */
function gateFixture() {
  const listeners = new Set<() => void>()
  const looks: (() => void)[] = []
  const redis = {
    isAvailable: true,
    runId: 'run one',
    keyPrefix: '',
    onTrustLost: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    run: () => new ResultAsync(Promise.resolve(ok(null))),
  }
  const gate = new RevocationGate({
    stores: {
      redis: redis as unknown as RedisStore,
      diagnostics: new Diagnostics(),
      clock: { now: () => 0, monotonic: () => 0 },
    },
    revocations: {
      reapply: () =>
        new Promise<Result<number, StoreError>>((resolve) => {
          looks.push(() => {
            resolve(ok(0))
          })
        }),
      purge: async () => undefined,
    },
    lookEveryMs: 3_600_000,
  })
  gates.push(gate)
  const lose = () => {
    redis.isAvailable = false
    for (const listener of listeners) listener()
    redis.isAvailable = true
  }
  /** Ends the look that began first. */
  const endLook = async () => {
    await expect.poll(() => looks.length, { timeout: 60_000 }).toBeGreaterThan(0)
    looks.shift()?.()
  }
  return { gate, lose, endLook }
}

describe('the gate of revocations', () => {
  test('A look that began before trust was lost does not open the gate', async () => {
    const { gate, lose, endLook } = gateFixture()
    const opening = gate.open()
    lose()
    await endLook()
    expect(await opening).toMatchObject({ type: 'store-unavailable' })
    expect(gate.isOpen).toBe(false)
  })

  test('A look that began after trust was lost opens the gate again', async () => {
    const { gate, lose, endLook } = gateFixture()
    lose()
    const opening = gate.open()
    await endLook()
    expect(await opening).toBeUndefined()
    expect(gate.isOpen).toBe(true)
  })

  test('An answer received after trust was lost is asked for again behind the reopened gate', async () => {
    const { gate, lose, endLook } = gateFixture()
    let asked = 0
    const answer = gate.whileOpen(async () => {
      asked += 1
      if (asked === 1) lose()
      return ok(asked)
    })
    await endLook()
    await endLook()
    expect((await answer)._unsafeUnwrap()).toBe(2)
  })

  test('A question is given up when trust is lost under each of three answers', async () => {
    const { gate, lose, endLook } = gateFixture()
    const answer = gate.whileOpen(async () => {
      lose()
      return ok('old')
    })
    for (let look = 0; look < 3; look += 1) await endLook()
    expect((await answer)._unsafeUnwrapErr()).toMatchObject({ type: 'store-unavailable' })
  })
})
