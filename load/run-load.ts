import { chanceOf } from '../benchmarks/api/load/zipf.ts'
import type { PlannedFault } from './faults/fault.ts'
import { Phases } from './faults/phases.ts'
import { type FaultPlayer, Timeline } from './faults/timeline.ts'
import type { FlowRequest } from './flows/flows.ts'
import { arrivals } from './generator/arrivals.ts'
import { Connections } from './generator/connections.ts'
import { openLoop } from './generator/open-loop.ts'
import { Recorder } from './generator/recorder.ts'
import type { LoadOptions } from './load-options.ts'
import { type LoadReport, reportOf, slotMsOf } from './load-report.ts'

/** What a load is put on. */
export interface LoadTarget {
  readonly url: string
  readonly next: () => FlowRequest
  readonly player: FaultPlayer
}

/** Puts a load on an application while faults are played, and reports what became of it. */
export async function runLoad(
  { url, next, player }: LoadTarget,
  plan: readonly PlannedFault[],
  options: LoadOptions,
): Promise<LoadReport> {
  const { rate, seconds, warmUpSeconds, seed, slo, maxInFlight, timeoutMs } = options
  const connections = new Connections(url, { timeoutMs })
  const timeline = new Timeline()
  const endMs = seconds * 1_000
  const recorder = new Recorder({
    slotMs: slotMsOf(endMs),
    isSlow: (flow, latencyMs) => latencyMs > slo.flows[flow].p99Ms,
    periodOf: (arrivedMs, endedMs) => timeline.periodOf(arrivedMs, endedMs),
  })
  const chance = chanceOf(seed)
  const load = { next, maxInFlight, ask: (text: string) => connections.ask(text) }
  const sending = new AbortController()
  function* arrive(forMs: number): Generator<number, void> {
    for (const atMs of arrivals({ perSecond: rate, forMs, chance })) {
      if (sending.signal.aborted) return
      yield atMs
    }
  }
  try {
    await openLoop({ ...load, arrivalsMs: arrive(warmUpSeconds * 1_000), note: () => undefined })
    const [lag] = await Promise.all([
      openLoop({
        ...load,
        arrivalsMs: arrive(endMs),
        note: (ended) => {
          recorder.note(ended)
        },
      }),
      timeline.play(plan, player),
    ])
    const phases = new Phases({ recorder, played: timeline.played, slo, endMs })
    return reportOf({ recorder, phases, lag, options })
  } finally {
    sending.abort()
    connections.close()
  }
}
