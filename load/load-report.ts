import { type FaultReport, type Phases, worst } from './faults/phases.ts'
import { type FlowName, flowNames, type PerFlow, perFlow } from './flows/flow.ts'
import type { Latencies } from './generator/latencies.ts'
import type { Figures, Recorder } from './generator/recorder.ts'
import type { LoadOptions } from './load-options.ts'
import { breachesOf, type Goal, type Slo, type Verdict, verdictOf } from './slo/slo.ts'

const mostSlots = 240
const shortestSlotMs = 250

/** A flow outside of faults. Without a measurement its times are `null`. */
export type FlowReport = Figures & { readonly goal: Goal; readonly slo: Verdict }

/** By how much the generator was late with its requests. */
export interface LagReport {
  readonly p99: number
  readonly max: number
  /** What `p99` may be at most for latencies to be reported. */
  readonly bound: number
}

/** The requests that arrived in a short time. */
export interface Slot {
  readonly atSeconds: number
  readonly perSecond: number
  readonly errorsPerSecond: number
  readonly flows: PerFlow<Pick<Figures, 'p50Ms' | 'p99Ms'>>
}

/** What became of a load. */
export interface LoadReport {
  readonly load: 'express'
  readonly rate: number
  readonly seconds: number
  readonly seed: number
  /** All requests, also those during faults. */
  readonly requests: number
  readonly flows: PerFlow<FlowReport>
  readonly faults: readonly FaultReport[]
  readonly slo: Verdict
  /** What was not kept to, or why nothing was measured, one sentence each. */
  readonly broken: readonly string[]
  readonly generatorLagMs: LagReport
  /** The course of the load, for charts. */
  readonly slots: readonly Slot[]
}

/** The length of the slots of a load, of which there are not too many for a chart. */
export function slotMsOf(loadMs: number): number {
  return Math.max(shortestSlotMs, loadMs / mostSlots)
}

/** What a report is made of. */
export interface Measured {
  readonly recorder: Recorder
  readonly phases: Pick<Phases, 'faults' | 'isQuiet'>
  readonly lag: Latencies
  readonly options: Pick<LoadOptions, 'rate' | 'seconds' | 'seed' | 'slo' | 'maxLagMs'>
}

/** Reports a load. When the generator was too late itself, no latency is reported. */
export function reportOf({ recorder, phases, lag, options }: Measured): LoadReport {
  const { rate, seconds, seed, slo, maxLagMs } = options
  const generatorLagMs = {
    p99: lag.percentileMs(99) ?? 0,
    max: lag.maxMs ?? 0,
    bound: maxLagMs,
  }
  const isLate = generatorLagMs.p99 > maxLagMs
  const { faults } = phases
  const flows = flowsOf(recorder, phases, slo)
  const broken = brokenBy(flows, faults, slo)
  const report = {
    load: 'express' as const,
    rate,
    seconds,
    seed,
    requests: recorder.figures().requests,
    generatorLagMs,
  }
  if (isLate) {
    const late = `the generator was late by ${generatorLagMs.p99.toFixed(0)} ms, bound ${maxLagMs} ms`
    return { ...report, flows: perFlow((flow) => withoutTimes(flows[flow])), ...unmeasured(late) }
  }
  const isMeasured = worst(flowNames.map((flow) => flows[flow].slo)) !== 'unmeasured'
  const verdict = isMeasured ? 'met' : 'unmeasured'
  return {
    ...report,
    flows,
    faults,
    slo: broken.length > 0 ? 'broken' : verdict,
    broken,
    slots: slotsOf(recorder, seconds),
  }
}

function flowsOf(
  recorder: Recorder,
  phases: Pick<Phases, 'isQuiet'>,
  slo: Slo,
): PerFlow<FlowReport> {
  return perFlow((flow) => {
    const figures = recorder.figures((cell) => cell.flow === flow && phases.isQuiet(cell))
    const goal = slo.flows[flow]
    return { ...figures, goal, slo: verdictOf(flow, figures, goal) }
  })
}

function brokenBy(flows: PerFlow<FlowReport>, faults: readonly FaultReport[], slo: Slo): string[] {
  const late = faults.flatMap(({ fault, recoverSeconds }) => {
    if (recoverSeconds === null) return [`${fault}: not recovered before what came next`]
    return recoverSeconds > slo.recoverSeconds
      ? [`${fault}: recovered after ${recoverSeconds} s, goal ${slo.recoverSeconds} s`]
      : []
  })
  const breached = flowNames.flatMap((flow) => breachesOf(flow, flows[flow], flows[flow].goal))
  return [...breached, ...late]
}

function withoutTimes(flow: FlowReport): FlowReport {
  return { ...flow, p50Ms: null, p99Ms: null, maxMs: null, slo: 'unmeasured' }
}

function unmeasured(reason: string): Pick<LoadReport, 'faults' | 'slo' | 'broken' | 'slots'> {
  return { faults: [], slo: 'unmeasured', broken: [reason], slots: [] }
}

function slotsOf(recorder: Recorder, seconds: number): Slot[] {
  const slotSeconds = recorder.slotMs / 1_000
  return Array.from({ length: Math.round(seconds / slotSeconds) }, (_, slot): Slot => {
    const { requests, errors } = recorder.figures((cell) => cell.slot === slot)
    const failed = Object.values(errors).reduce((sum, count) => sum + count, 0)
    const timesOf = (flow: FlowName) => {
      const { p50Ms, p99Ms } = recorder.figures((cell) => cell.slot === slot && cell.flow === flow)
      return { p50Ms, p99Ms }
    }
    return {
      atSeconds: slot * slotSeconds,
      perSecond: (requests - failed) / slotSeconds,
      errorsPerSecond: failed / slotSeconds,
      flows: perFlow(timesOf),
    }
  })
}
