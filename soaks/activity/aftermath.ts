import { setTimeout } from 'node:timers/promises'
import { connect, createRelay, orThrow, outbox, type Stores } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'
import { MongoClient } from 'mongodb'
import type { Arrival } from './judge.ts'

const patienceMs = 60_000

/** The addresses of the stores, without proxies. */
export interface DirectUrls {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly mongodbUrl: string
  readonly database: string
}

/**
 * Delivers all events that still wait in PostgreSQL, once every other process has ended.
 *
 * @throws Error when events are left after a minute.
 */
export async function deliverWhatIsLeft({
  postgresUrl,
  redisUrl,
  mongodbUrl,
  database,
}: DirectUrls): Promise<void> {
  const stores = orThrow(
    await connect({
      postgres: { url: postgresUrl },
      redis: { url: redisUrl },
      mongodb: { url: mongodbUrl, database },
    }),
  )
  const { activity, sinks } = createRepositories(stores)
  const relay = createRelay(stores, { sinks, leaseMs: 3_000 })
  void relay.start()
  activity.record({ type: 'soak.ended' }).unwrapOr(undefined)
  const giveUpAt = performance.now() + patienceMs
  while (await isAnythingLeft(stores)) {
    if (performance.now() > giveUpAt)
      throw new Error('events were still undelivered a minute after the last fault')
    await activity.flush()
    await setTimeout(100)
  }
  orThrow(await stores.close())
}

async function isAnythingLeft(stores: Stores): Promise<boolean> {
  const [spilled] = orThrow(
    await stores.postgres.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM @schema.activity_spill',
    ),
  ).rows
  const { sinks } = orThrow(await outbox(stores).status())
  return spilled?.count !== 0 || sinks.some(({ lagEvents, parked }) => lagEvents > 0 || parked > 0)
}

/** Every event in MongoDB, in the order of arrival. */
export async function arrivals({ mongodbUrl, database }: DirectUrls): Promise<Arrival[]> {
  const client = new MongoClient(mongodbUrl)
  try {
    const documents = await client
      .db(database)
      .collection('user_activity')
      .find({ event_type: /^soak\.(recorded|committed)$/ })
      .toArray()
    return documents.map((document) => {
      const { by, n } = document['event_data'] as { by: string; n: number }
      return { kind: document['event_type'] === 'soak.recorded' ? 'recorded' : 'committed', by, n }
    })
  } finally {
    await client.close()
  }
}
