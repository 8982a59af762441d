import type { StoreError } from '../../errors.ts'
import { within } from '../../resilience/within.ts'
import type { Result } from '../../result.ts'
import type { OpenedStore, StoreContext, StoreKind } from '../store-kind.ts'
import { type PostgresOptions, postgresOptions, type PostgresSettings } from './postgres-options.ts'
import type { PostgresStore } from './postgres-store.ts'
import { ReplicatedStore } from './replicas/replicated-store.ts'

/** PostgreSQL as a kind of store; always required. */
export const postgres: StoreKind<PostgresOptions, PostgresSettings, PostgresStore> = {
  options: postgresOptions,
  reachedBy: ['url', 'pool'],
  open: async (settings, context) => opened(settings, context),
}

/** The longest wait for a first look at the replicas, in milliseconds. */
const replicasWaitMs = 1_000

function opened(settings: PostgresSettings, context: StoreContext): OpenedStore<PostgresStore> {
  const store = new ReplicatedStore(settings, context)
  const ping = async (deadlineMs: number): Promise<Result<unknown, StoreError>> =>
    await store.query('SELECT 1', [], { deadlineMs }).mapErr((failure) => failure as StoreError)
  const reach = async (deadlineMs: number): Promise<Result<unknown, StoreError>> => {
    const answer = await ping(deadlineMs)
    // The first reads shall find the replicas.
    if (answer.isOk())
      await within(store.firstLook, Math.min(deadlineMs, replicasWaitMs), () => undefined)
    return answer
  }
  return {
    name: 'postgres',
    store,
    isRequired: true,
    reach,
    firstAttempt: async () => undefined,
    ping,
    close: () => store.close(),
    destroy: () => {
      store.destroy()
    },
  }
}
