import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { DeadlineExceeded, StoreName } from '../errors.ts'
import { within } from '../resilience/within.ts'
import { err, ok, type Result } from '../result.ts'
import type { OpenedStore } from '../stores/store-kind.ts'

/** Options of `close`. */
export interface CloseOptions {
  /**
   * Time for everything to end by itself, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
}

/** A client that ends with the stores. */
export type Closable = Pick<OpenedStore, 'name' | 'close' | 'destroy'>

/** Everything that {@link closeAll} ends, and the time for it. */
export interface Closing {
  /** Called first, in reverse order, one after the other, each with most of the time left. */
  readonly hooks: readonly ((deadlineMs: number) => Promise<void>)[]
  /** Closed after the hooks, all at once. */
  readonly clients: readonly Closable[]
  /** Time for all of it, in milliseconds. */
  readonly deadlineMs: number
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/**
 * Ends everything within the deadline; what has not ended by then is cut off, and the first of it
 * named. Never rejects.
 */
export async function closeAll({
  hooks,
  clients,
  deadlineMs,
  clock,
  diagnostics,
}: Closing): Promise<Result<void, DeadlineExceeded>> {
  const endMs = clock.monotonic() + deadlineMs
  const remainingMs = (): number => Math.max(1, endMs - clock.monotonic())
  let isLate = false
  for (const hook of hooks.toReversed()) {
    const leftMs = remainingMs()
    const ending = settled(
      // A hook that ends just in time still says what it could not do before the stores are closed.
      () => hook(0.9 * leftMs),
      (error) => {
        diagnostics.emit('store:error', { store: 'postgres', error })
      },
    )
    isLate = !(await endsWithin(ending, leftMs)) || isLate
  }
  const late = await Promise.all(
    clients.map((client) => closeOne(client, remainingMs(), diagnostics)),
  )
  const cutOff = late.find((store) => store !== undefined) ?? (isLate ? 'postgres' : undefined)
  return cutOff === undefined ? ok(undefined) : err(notInTime(cutOff, deadlineMs))
}

async function closeOne(
  { name, close, destroy }: Closable,
  deadlineMs: number,
  diagnostics: Diagnostics,
): Promise<StoreName | undefined> {
  const ending = settled(close, (error) => {
    diagnostics.emit('store:error', { store: name, error })
  })
  if (await endsWithin(ending, deadlineMs)) return undefined
  destroy()
  return name
}

/** Settles when `end` does; a rejection is reported, not passed on. */
async function settled(end: () => Promise<void>, report: (error: unknown) => void): Promise<void> {
  try {
    await end()
  } catch (error) {
    report(error)
  }
}

function endsWithin(ending: Promise<void>, ms: number): Promise<boolean> {
  return within(
    ending.then(() => true),
    ms,
    () => false,
  )
}

function notInTime(store: StoreName, deadlineMs: number): DeadlineExceeded {
  return {
    type: 'deadline-exceeded',
    store,
    operation: 'close',
    deadlineMs,
    message: `the stores did not end by themselves within ${Math.round(deadlineMs)} ms: what was left was cut off`,
    retryable: false,
  }
}
