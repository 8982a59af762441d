import type { StoreError } from '../../errors.ts'
import { within } from '../../resilience/within.ts'
import { err, ok, type Result } from '../../result.ts'
import type { OpenedStore, StoreContext, StoreKind } from '../store-kind.ts'
import { RedisClientStore } from './redis-client-store.ts'
import { redisUnavailable } from './redis-failure.ts'
import { type RedisOptions, redisOptions, type RedisSettings } from './redis-options.ts'
import type { RedisStore } from './redis-store.ts'

/** Redis as a kind of store. */
export const redis: StoreKind<RedisOptions, RedisSettings, RedisStore> = {
  options: redisOptions,
  reachedBy: ['url', 'rootNodes', 'sentinels', 'client'],
  open: async (settings, context) => opened(settings, context),
}

function opened(settings: RedisSettings, context: StoreContext): OpenedStore<RedisStore> {
  const store = new RedisClientStore(settings, context)
  return {
    name: 'redis',
    store,
    isRequired: settings.required,
    reach: (deadlineMs) => upWithin(store, deadlineMs),
    firstAttempt: () => store.whenUp('first-attempt'),
    ping: async (deadlineMs) => await store.run('ping', (client) => client.ping(), { deadlineMs }),
    close: () => store.close(),
    destroy: () => {
      store.destroy()
    },
  }
}

/** Does not wait for a server that refuses the credentials. */
async function upWithin(
  store: RedisClientStore,
  deadlineMs: number,
): Promise<Result<unknown, StoreError>> {
  const isUp = await within(
    store.whenUp('up-or-denied').then(() => !store.isDenied),
    deadlineMs,
    () => false,
  )
  return isUp
    ? ok(undefined)
    : err({ ...redisUnavailable('connect', store.downReason), retryable: false })
}
