import { brokersMigrations } from '@headwater/brokers'
import { migrate, orThrow, type Stores } from '@headwater/core'
import type { Broker } from './broker.ts'

/**
 * Notes every event that comes out of the broker, in the transaction that handles it. The tables of
 * the other side are in the same database here.
 */
export async function noteDeliveries(broker: Broker, stores: Stores): Promise<void> {
  orThrow(await migrate(stores, { sets: [brokersMigrations] }))
  orThrow(await stores.postgres.query('CREATE TABLE delivered (event_id uuid NOT NULL)'))
  await broker.consume(stores, async (tx, { id }) => {
    await tx.query('INSERT INTO delivered (event_id) VALUES ($1)', [id])
  })
}
