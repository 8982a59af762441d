import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import { Diagnostics } from '../diagnostics.ts'
import type { InvalidInput, StoreError } from '../errors.ts'
import { err, errAsync, ok, type Result, ResultAsync } from '../result.ts'
import type { ConnectOptions } from './connect-options.ts'
import { ConnectedStores } from './connected-stores.ts'
import { openStores, type OpenedStore, optionalWaitMs } from './open-stores.ts'
import { parseConnectOptions } from './parse-options.ts'
import type { ConnectSettings } from './settings.ts'
import type { Stores } from './stores.ts'

/** Why `connect` gave no stores: its options break a rule, or a required store cannot be had. */
export type ConnectError = InvalidInput | StoreError

/**
 * Connects the stores. Waits for the required ones (PostgreSQL, and what `required` says) until
 * `connectDeadlineMs`; the optional ones may come up later by themselves. On failure everything
 * that was opened is closed again; clients that were handed in are left alone.
 *
 * @example
 * ```ts
 * const stores = orThrow(await connect({ postgres: { url: 'postgresql://localhost/shop' }, redis: { url: 'redis://localhost' } }))
 * ```
 */
export function connect(options: ConnectOptions): ResultAsync<Stores, ConnectError> {
  const settings = parseConnectOptions(options)
  if (settings.isErr()) return errAsync(settings.error)
  return new ResultAsync(open(settings.value, options))
}

async function open(
  settings: ConnectSettings,
  options: ConnectOptions,
): Promise<Result<Stores, ConnectError>> {
  const base = {
    clock: options.clock ?? systemClock,
    diagnostics: options.diagnostics ?? new Diagnostics(),
  }
  const opened = await openStores(settings, base)
  if (opened.isErr()) return err(opened.error)
  const endMs = base.clock.monotonic() + settings.connectDeadlineMs
  const waits = opened.value.all.map((store) =>
    awaitStore(store, () => endMs - base.clock.monotonic()),
  )
  const failure = (await Promise.all(waits)).find((wait) => wait !== undefined)
  if (failure !== undefined) {
    await Promise.all(opened.value.all.map(abandon))
    return err(failure)
  }
  const probes = opened.value.all
  const stores = new ConnectedStores({
    ...opened.value,
    ...base,
    invalidation: options,
    probes,
    clients: opened.value.all,
  })
  // The gate of the cache opens with its first look at the intents: the first reads shall find it
  // open.
  await Promise.race([
    stores.invalidation.gate.firstLook,
    setTimeout(optionalWaitMs, undefined, { ref: false }),
  ])
  return ok(stores)
}

const retryAfterMs = 100

async function awaitStore(
  store: OpenedStore,
  leftMs: () => number,
): Promise<StoreError | undefined> {
  if (!store.isRequired) {
    await Promise.race([
      store.firstAttempt(),
      setTimeout(Math.min(optionalWaitMs, Math.max(1, leftMs())), undefined, { ref: false }),
    ])
    return undefined
  }
  for (;;) {
    const result = await store.reach(Math.max(1, leftMs()))
    if (result.isOk()) return undefined
    if (!result.error.retryable || leftMs() <= retryAfterMs) return result.error
    await setTimeout(retryAfterMs)
  }
}

async function abandon(store: OpenedStore): Promise<void> {
  store.destroy()
}
