import {
  beginChange,
  createRelay,
  defineSink,
  ok,
  orThrow,
  outbox,
  publish,
  transaction,
  type Cache,
  type Sink,
  type Stores,
} from '@headwater/core'
import { eq } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { sqlOfDrizzle } from '../../../packages/core/test/orm/adapters/drizzle.ts'

export async function publishWithin(stores: Stores, activityLog: Sink, searchIndex: Sink) {
  const written = await transaction(stores, async (tx) => {
    await tx.query('UPDATE @schema.courses SET title = $2, version = version + 1 WHERE id = $1', [
      5,
      'Algebra',
    ])
    tx.publish({
      aggregateType: 'course',
      aggregateId: 5,
      type: 'course.renamed',
      version: 8,
      payload: { id: 5 },
    })
    return ok(undefined)
  })

  const relay = createRelay(stores, { sinks: [activityLog, searchIndex] })
  relay.start()
  return written
}

const courses = pgTable('courses', { id: integer().primaryKey(), title: text() })

export async function publishWithDrizzle(
  stores: Stores,
  db: NodePgDatabase,
  cache: Cache<number, object>,
) {
  const change = beginChange(stores)
  await db
    .transaction(async (tx) => {
      await tx.update(courses).set({ title: 'Algebra' }).where(eq(courses.id, 5))
      await publish(sqlOfDrizzle(tx), {
        aggregateType: 'course',
        aggregateId: 5,
        type: 'course.renamed',
        version: 8,
        payload: { id: 5 },
      })
      change.invalidate(cache.key(5))
      orThrow(await change.hold())
    })
    .finally(() => change.release())
}

export function webhookTo(url: string) {
  const webhook = defineSink({
    name: 'webhook',
    types: ['order.placed'],
    mode: 'log',
    handle: async (events, { signal }) => {
      const body = JSON.stringify(events)
      await fetch(url, { method: 'POST', body, signal })
    },
  })
  return webhook
}

export async function replay(stores: Stores) {
  const letters = outbox(stores).deadLetters
  console.table(orThrow(await letters.summary())) // sink, fingerprint, count, message
  orThrow(await letters.replay({ sink: 'activity-log', fingerprint: '3f2a9c0d1b7e' })) // or discard
  const { parked } = outbox(stores)
  console.table(orThrow(await parked.summary())) // and how many wait behind them, and until when
  orThrow(await parked.retry({ sink: 'activity-log' })) // or discard
}
