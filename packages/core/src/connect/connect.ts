import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import { Diagnostics } from '../diagnostics.ts'
import type { InvalidInput, PackageMissing, StoreError } from '../errors.ts'
import { within } from '../resilience/within.ts'
import { err, errAsync, ok, type Result, ResultAsync } from '../result.ts'
import type { OpenedStore, StoreContext } from '../stores/store-kind.ts'
import type { ConnectOptions } from './connect-options.ts'
import { connectedStores } from './connected-stores.ts'
import { openStores } from './open-stores.ts'
import { nodeVersionIssue } from './node-version.ts'
import {
  type ConnectSettings,
  invalidConnectOptions,
  parseConnectOptions,
} from './parse-options.ts'
import type { Stores } from './stores.ts'

/**
 * Why `connect` gave no stores: its options break a rule, Node.js is too old, the package of a
 * store is not installed, or a required store cannot be had.
 */
export type ConnectError = InvalidInput | PackageMissing | StoreError

/**
 * Connects the stores. Waits for the required ones (PostgreSQL, and what `required` says) until
 * `connectDeadlineMs`; the optional ones may come up later by themselves. On failure everything
 * that was opened is closed again; clients that were handed in are left alone.
 *
 * @example
 * ```ts
 * const stores = orThrow(
 *   await connect({
 *     postgres: { url: 'postgresql://localhost/shop' },
 *     redis: { url: 'redis://localhost' },
 *   }),
 * )
 * ```
 */
export function connect(options: ConnectOptions): ResultAsync<Stores, ConnectError> {
  const tooOld = nodeVersionIssue(process.versions.node)
  if (tooOld !== undefined) return errAsync(invalidConnectOptions([tooOld]))
  const settings = parseConnectOptions(options)
  if (settings.isErr()) return errAsync(settings.error)
  return new ResultAsync(open(settings.value, options))
}

/**
 * Opens the stores like {@link connect}, and waits for none: what is wrong with one, PostgreSQL
 * included, its own calls say.
 *
 * @internal
 */
export function connectUnready(
  options: ConnectOptions,
): ResultAsync<Stores, InvalidInput | PackageMissing> {
  const settings = parseConnectOptions(options)
  if (settings.isErr()) return errAsync(settings.error)
  const { invalidation, near } = options
  const context = contextOf(options)
  return new ResultAsync(openStores(settings.value, context)).map((opened) =>
    connectedStores({ ...context, opened, invalidation, near }),
  )
}

/** The longest wait for an optional store, so that the first calls find one that is up. */
const optionalWaitMs = 1_000
const retryAfterMs = 100

async function open(
  settings: ConnectSettings,
  options: ConnectOptions,
): Promise<Result<Stores, ConnectError>> {
  const context = contextOf(options)
  const { clock } = context
  const opened = await openStores(settings, context)
  if (opened.isErr()) return err(opened.error)
  const endMs = clock.monotonic() + settings.connectDeadlineMs
  const waits = opened.value.map((store) => awaitStore(store, () => endMs - clock.monotonic()))
  const failure = (await Promise.all(waits)).find((wait) => wait !== undefined)
  if (failure !== undefined) {
    for (const store of opened.value) store.destroy()
    return err(failure)
  }
  const { invalidation, near } = options
  const stores = connectedStores({ ...context, opened: opened.value, invalidation, near })
  // The gate of the cache opens with its first look at the intents: the first reads shall find it
  // open.
  const ready = [stores.invalidation.gate.firstLook]
  if (near !== undefined) ready.push(stores.invalidation.startNear().ready)
  await within(Promise.all(ready), optionalWaitMs, () => undefined)
  return ok(stores)
}

function contextOf({ clock, diagnostics }: ConnectOptions): StoreContext {
  return { clock: clock ?? systemClock, diagnostics: diagnostics ?? new Diagnostics() }
}

async function awaitStore(
  store: OpenedStore,
  leftMs: () => number,
): Promise<StoreError | undefined> {
  if (!store.isRequired) {
    const waitMs = Math.min(optionalWaitMs, Math.max(1, leftMs()))
    await within(store.firstAttempt(), waitMs, () => undefined)
    return undefined
  }
  for (;;) {
    const result = await store.reach(Math.max(1, leftMs()))
    if (result.isOk()) return undefined
    if (!result.error.retryable || leftMs() <= 2 * retryAfterMs) return result.error
    await setTimeout(retryAfterMs)
  }
}
