import { setTimeout } from 'node:timers/promises'
import { orThrow, outbox, type Stores } from '@headwater/core'
import type { Contest, Contestant } from '../measure/alternate.ts'
import { Child } from '../measure/child.ts'
import { commitEvents } from './commit-events.ts'
import type { OutboxFixture } from './outbox-fixture.ts'

const eventsPerRound = 4_000
const perTransaction = 100
const script = new URL('./relaying-process.ts', import.meta.url)
const pollMs = 10

const emptyOutbox = `
  TRUNCATE outbox, outbox_sink, outbox_cursor, outbox_owner, outbox_failure;
  DELETE FROM outbox_tick WHERE id > 1`

/**
 * Two processes with a relay against one, from the commits to the last event at a sink that takes a
 * millisecond for each.
 */
export function twoRelaysContest(
  fixture: OutboxFixture,
): Contest & { readonly close: () => Promise<unknown> } {
  let running: readonly Child[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((child) => child.stop()))
    running = []
  }
  const relays =
    (count: number): Contestant =>
    async () => {
      await stop()
      await fixture.client.query(emptyOutbox)
      running = await Promise.all(Array.from({ length: count }, () => startRelay(fixture)))
      await sharesOf(fixture.stores, count)
      return () => deliverAll(fixture.stores, running)
    }
  return { ours: relays(2), theirs: relays(1), operations: eventsPerRound, close: stop }
}

async function startRelay({ url, redisUrl }: OutboxFixture): Promise<Child> {
  const child = new Child(script)
  await child.ask({ url, redisUrl })
  return child
}

/** Resolves once so many relays have equal shares of the shards. */
async function sharesOf(stores: Stores, count: number): Promise<void> {
  for (;;) {
    const { sinks } = orThrow(await outbox(stores).status())
    const [sink] = sinks
    const shares = (sink?.owners ?? []).map(({ shards }) => shards)
    if (sink?.unowned === 0 && shares.length === count && new Set(shares).size === 1) return
    await setTimeout(pollMs)
  }
}

async function deliverAll(stores: Stores, relays: readonly Child[]): Promise<void> {
  for (let first = 0; first < eventsPerRound; first += perTransaction)
    await commitEvents(
      stores,
      Array.from({ length: perTransaction }, (_, index) => first + index),
    )
  for (let delivered = 0; delivered < eventsPerRound;) {
    await setTimeout(pollMs)
    const counts = await Promise.all(relays.map((relay) => relay.ask<number>({})))
    delivered = counts.reduce((sum, count) => sum + count, 0)
  }
}
