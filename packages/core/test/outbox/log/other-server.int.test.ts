import { FailureError } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { findBounds, readNarrow, readWide } from '../../../src/outbox/log/read-events.ts'
import { advance, loadTicks } from '../../../src/outbox/log/tick.ts'
import { acknowledge } from '../../../src/outbox/relay/acknowledge.ts'
import { claim, openCursors, reclaim } from '../../../src/outbox/relay/cursor.ts'
import { recordingSink, useOutbox, type OutboxFixture } from '../outbox-fixture.ts'

const open = useOutbox()
const history = '1.1'
const owning = { sink: recordingSink(), owner: 'a relay', leaseMs: 1_000 }
const pace = { gapMs: 0, maxEvents: 0 }

async function emptyInterval({ stores }: OutboxFixture) {
  const { newest } = await advance(stores.postgres.client, pace)
  return { from: newest, to: newest, afterSeq: 0n, shards: [1], types: ['a.b'], history }
}

const statements: readonly (readonly [
  name: string,
  run: (fixture: OutboxFixture) => Promise<unknown>,
])[] = [
  ['A tick', async ({ stores }) => advance(stores.postgres.client, pace, history)],
  [
    'A load of ticks',
    async ({ stores }) => loadTicks(stores.postgres.client, 0n, { limit: 9, history }),
  ],
  [
    'A read by transaction id',
    async (fixture) => readNarrow(fixture.stores.postgres.client, await emptyInterval(fixture), 10),
  ],
  [
    'A read along the log',
    async (fixture) =>
      readWide(fixture.stores.postgres.client, await emptyInterval(fixture), {
        bounds: { low: 1n, high: 9n },
        limit: 10,
      }),
  ],
  [
    'A search for bounds',
    async (fixture) => findBounds(fixture.stores.postgres.client, await emptyInterval(fixture)),
  ],
  [
    'An acknowledgement',
    async ({ stores }) =>
      acknowledge(stores.postgres.client, { sink: 'none', shards: [], history }),
  ],
  [
    'A claim',
    async ({ stores }) => {
      await openCursors(stores.postgres.client, owning)
      return claim(stores.postgres.client, owning, 64, history)
    },
  ],
  [
    'A reclaim',
    async ({ stores }) => {
      await openCursors(stores.postgres.client, owning)
      await claim(stores.postgres.client, owning, 64)
      return reclaim(stores.postgres.client, owning, history)
    },
  ],
]

describe('a server with another history', () => {
  test.each(statements)(
    '%s that relies on remembered ticks fails on another server',
    async (_, run) => {
      const failure: unknown = await run(await open()).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(FailureError)
      expect((failure as FailureError).failure).toMatchObject({
        type: 'store-unavailable',
        message: expect.stringContaining('another server answers') as string,
      })
    },
  )
})
