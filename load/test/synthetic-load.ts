import { Phases } from '../faults/phases.ts'
import { Timeline } from '../faults/timeline.ts'
import { flowNames } from '../flows/flow.ts'
import { Latencies } from '../generator/latencies.ts'
import { Recorder } from '../generator/recorder.ts'
import { type LoadReport, reportOf, slotMsOf } from '../load-report.ts'
import { sloDefaults } from '../slo/slo.ts'

/** A load that nobody sent. */
export interface SyntheticLoad {
  /** Milliseconds that every request takes. */
  readonly latencyMs?: number
  /** By how much the generator was late. */
  readonly lagMs?: number
  /** Whether Redis hangs from the fourth to the sixth second, which fails every request. */
  readonly hasFault?: boolean
  readonly rate?: number
}

/** The report on ten seconds of requests, a hundred of each flow a second. */
export function syntheticReport({
  latencyMs = 3,
  lagMs = 1,
  hasFault = false,
  rate = 800,
}: SyntheticLoad = {}): LoadReport {
  const [seconds, slo, timeline, lag] = [10, sloDefaults, new Timeline(), new Latencies()]
  if (hasFault) timeline.began('redis-hung', 4_000).toMs = 6_000
  const recorder = new Recorder({
    slotMs: slotMsOf(seconds * 1_000),
    isSlow: (flow, ms) => ms > slo.flows[flow].p99Ms,
    periodOf: (arrivedMs, endedMs) => timeline.periodOf(arrivedMs, endedMs),
  })
  for (let arrivedMs = 0; arrivedMs < seconds * 1_000; arrivedMs += 10)
    for (const flow of flowNames) {
      const endedMs = arrivedMs + latencyMs
      const outcome = timeline.periodOf(arrivedMs, endedMs) === 1 ? '503' : 'ok'
      recorder.note({ flow, arrivedMs, endedMs, outcome })
      lag.note(lagMs)
    }
  const phases = new Phases({ recorder, played: timeline.played, slo, endMs: seconds * 1_000 })
  return reportOf({ recorder, phases, lag, options: { rate, seconds, seed: 1, slo, maxLagMs: 25 } })
}
