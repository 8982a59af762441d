import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { Client, Pool } from 'pg'
import type { Bench } from '../measure/bench.ts'
import { createCourses } from './publishing.ts'

/** The database of the benchmark, and the clients that both sides use. */
export interface OutboxFixture {
  readonly stores: Stores
  readonly pool: Pool
  /** For the work between rounds, which is not timed and does not wait for the disk. */
  readonly client: Client
  readonly url: string
  readonly redisUrl: string
  close(): Promise<void>
}

/** Connects and creates the tables. */
export async function openOutboxFixture({
  postgres: { url },
  redis: { url: redisUrl },
}: Pick<Bench, 'postgres' | 'redis'>): Promise<OutboxFixture> {
  const stores = orThrow(await connect({ postgres: { url }, redis: { url: redisUrl } }))
  orThrow(await migrate(stores))
  const pool = new Pool({ connectionString: url })
  // Graphile Worker warns about a pool without these listeners.
  pool.on('error', ignore)
  pool.on('connect', (connection) => {
    connection.on('error', ignore)
  })
  const client = new Client({ connectionString: url, options: '-c synchronous_commit=off' })
  await client.connect()
  await client.query(createCourses)
  return {
    stores,
    pool,
    client,
    url,
    redisUrl,
    close: async () => {
      await Promise.all([stores.close(), pool.end(), client.end()])
    },
  }
}

const ignore = (): void => undefined
