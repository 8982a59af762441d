import type { Clock } from '../clock.ts'
import { within } from '../resilience/within.ts'
import type { OpenedStore } from '../stores/store-kind.ts'
import type { HealthReport, StoreHealth } from './health.ts'

/** A store that can be asked for a sign of life. */
export type HealthProbe = Pick<OpenedStore, 'name' | 'isRequired' | 'ping'>

/** Asks all stores at once and reports when the last has answered or its time is up. */
export async function checkHealth(
  probes: readonly HealthProbe[],
  clock: Clock,
  deadlineMs: number,
): Promise<HealthReport> {
  const entries = await Promise.all(
    probes.map(async (probe) => [probe.name, await checkOne(probe, clock, deadlineMs)] as const),
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
  probe: HealthProbe,
  clock: Clock,
  deadlineMs: number,
): Promise<StoreHealth> {
  const { isRequired } = probe
  const startedMs = clock.monotonic()
  const late = (): string => `no answer within ${Math.round(deadlineMs)} ms`
  const error = await within(complaintOf(probe, deadlineMs), deadlineMs, late)
  if (error === undefined)
    return { status: 'up', isRequired, latencyMs: clock.monotonic() - startedMs }
  return { status: isRequired ? 'down' : 'degraded', isRequired, error }
}

/** The store's failure in words, `undefined` when it answered. */
async function complaintOf(probe: HealthProbe, deadlineMs: number): Promise<string | undefined> {
  try {
    const answer = await probe.ping(deadlineMs)
    return answer.isErr() ? answer.error.message : undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
