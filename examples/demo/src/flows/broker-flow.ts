import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import type { Broker } from '../broker/broker.ts'
import { check, type Flow } from '../flow.ts'
import { patience, type Stage } from './stage.ts'

interface Counts {
  readonly published: number
  readonly delivered: number
  readonly handled: number
}

const countsSql = `
  SELECT (SELECT count(*) FROM outbox)::int AS published,
    (SELECT count(DISTINCT event_id) FROM delivered)::int AS delivered,
    (SELECT count(*) FROM delivered)::int AS handled`

/** Every event has gone through the broker, and was handled once on the other side. */
export async function brokerFlow(
  flow: Flow,
  { services: { relay }, inspection, broker }: Stage & { readonly broker: Broker },
): Promise<object> {
  await flow.step({ store: broker.name, does: 'has every event' }, async ({ timed }) => {
    orThrow(await timed(() => relay.drain({ deadlineMs: patience.timeoutMs })))
  })
  return flow.step(
    { store: 'PostgreSQL', does: 'notes each of them once, in the transaction that handles it' },
    async ({ note }) => {
      const { handled, delivered } = await eventually(async () => {
        const counts = await inspection.row<Counts>(countsSql, [])
        return counts !== undefined && counts.published === counts.delivered && counts
      }, patience)
      check(handled === delivered, `${handled - delivered} events were handled twice`)
      note(`${handled} events`)
      return { handled }
    },
  )
}
