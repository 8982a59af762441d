import type { Clock } from '../clock.ts'
import type { StoreName } from '../errors.ts'
import type { HealthReport, StoreHealth } from './health.ts'

/** How a store is asked how it is. */
export interface HealthProbe {
  /** The store. */
  readonly store: StoreName
  /** Whether the application can work without it. */
  readonly isRequired: boolean
  /** Asks it for a sign of life; rejects or resolves to a message when there is none. */
  readonly ask: (deadlineMs: number) => Promise<string | undefined>
}

/** Asks all stores at once and reports when the last has answered or its time is up. */
export async function checkHealth(
  probes: readonly HealthProbe[],
  clock: Clock,
  deadlineMs: number,
): Promise<HealthReport> {
  const entries = await Promise.all(
    probes.map(async (probe) => [probe.store, await checkOne(probe, clock, deadlineMs)] as const),
  )
  const statuses = entries.map(([, health]) => health.status)
  const status = statuses.includes('down')
    ? 'down'
    : statuses.includes('degraded')
      ? 'degraded'
      : 'up'
  return { status, stores: Object.fromEntries(entries) }
}

async function checkOne(
  { isRequired, ask }: HealthProbe,
  clock: Clock,
  deadlineMs: number,
): Promise<StoreHealth> {
  const startedMs = clock.monotonic()
  const error = await answerWithin(ask(deadlineMs), deadlineMs)
  if (error === undefined)
    return { status: 'up', isRequired, latencyMs: clock.monotonic() - startedMs }
  return { status: isRequired ? 'down' : 'degraded', isRequired, error }
}

function answerWithin(
  answer: Promise<string | undefined>,
  deadlineMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(`no answer within ${deadlineMs} ms`)
    }, deadlineMs)
    void answer
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
      .then((message) => {
        clearTimeout(timer)
        resolve(message)
      })
  })
}
