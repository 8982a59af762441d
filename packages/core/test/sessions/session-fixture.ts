import {
  connect,
  type ConnectOptions,
  createSessions,
  migrate,
  orThrow,
  type SessionOptions,
  type Sessions,
  type Stores,
} from '@headwater/core'
import { isolate, type IsolatedStores } from '@headwater/testing'
import { inject } from 'vitest'
import { isReachedOtherwise } from '../cache/versioned-rows.ts'

/** Isolated stores, and sessions of any number of processes on them. */
export interface SessionFixture {
  readonly own: IsolatedStores<'postgres' | 'redis'>
  /** Connects as a further process. */
  open(connection?: Partial<ConnectOptions>, options?: SessionOptions): Promise<SessionProcess>
  dispose(): Promise<void>
}

/** The stores and sessions of one process. */
export interface SessionProcess {
  readonly stores: Stores
  readonly sessions: Sessions
}

/** Sets the fixture, with the tables of core. */
export async function sessionFixture(): Promise<SessionFixture> {
  const own = await isolate(inject('stack'))
  const opened: Stores[] = []
  const open = async (
    connection: Partial<ConnectOptions> = {},
    options: SessionOptions = {},
  ): Promise<SessionProcess> => {
    const stores = orThrow(
      await connect({
        ...connection,
        connectDeadlineMs: 60_000,
        postgres: { url: own.postgres.url, connectTimeoutMs: 30_000, ...connection.postgres },
        // A machine that is busy with other tests does not look like an outage.
        redis: {
          ...(isReachedOtherwise(connection.redis) ? {} : { url: own.redis.url }),
          keyPrefix: own.redis.prefix,
          deadlineMs: 10_000,
          // A process begins once it has Redis, however long that takes.
          required: true,
          ...connection.redis,
        },
      }),
    )
    opened.push(stores)
    return { stores, sessions: createSessions(stores, options) }
  }
  orThrow(await migrate((await open()).stores))
  return {
    own,
    open,
    dispose: async () => {
      await Promise.all(opened.map((stores) => stores.close()))
      await own.dispose()
    },
  }
}
