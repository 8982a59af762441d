import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { type FlowName, flowNames, type PerFlow, perFlow } from '../flows/flow.ts'
import type { Figures } from '../generator/recorder.ts'

/** What a flow is to keep to. */
export interface Goal {
  readonly p50Ms: number
  readonly p99Ms: number
  /** The error budget: the percentage of requests that may fail. */
  readonly errorPercent: number
}

/** The service level objectives of a run. */
export interface Slo {
  readonly flows: PerFlow<Goal>
  /** How long after a fault requests may still fail or be slow, in seconds. */
  readonly recoverSeconds: number
}

/** Whether goals were kept; `unmeasured` when the run cannot tell. */
export type Verdict = 'met' | 'broken' | 'unmeasured'

const read = { p50Ms: 10, p99Ms: 100, errorPercent: 0.1 }
const write = { p50Ms: 25, p99Ms: 250, errorPercent: 0.1 }

/** The goals without a file. */
export const sloDefaults: Slo = {
  flows: {
    browse: read,
    list: read,
    // A query that was not asked before is embedded elsewhere.
    search: { p50Ms: 25, p99Ms: 250, errorPercent: 0.5 },
    enrollments: read,
    activity: read,
    enroll: write,
    update: write,
    // A hash of a password takes a tenth of a second of a core, on purpose.
    register: { p50Ms: 250, p99Ms: 1_000, errorPercent: 0.5 },
  },
  recoverSeconds: 10,
}

const positive = z.number().positive()
const goal = z.strictObject({
  p50Ms: positive,
  p99Ms: positive,
  errorPercent: z.number().min(0).max(100),
})
const sloFile = z.strictObject({
  flows: z.partialRecord(z.enum(flowNames), goal.partial()).default({}),
  recoverSeconds: positive.default(sloDefaults.recoverSeconds),
})

/** Goals of a JSON text, which changes some of the defaults. */
export function sloOf(json: string): Slo {
  const { flows, recoverSeconds } = sloFile.parse(JSON.parse(json))
  const goalOf = (flow: FlowName): Goal => {
    const { p50Ms, p99Ms, errorPercent } = sloDefaults.flows[flow]
    const given = flows[flow]
    return {
      p50Ms: given?.p50Ms ?? p50Ms,
      p99Ms: given?.p99Ms ?? p99Ms,
      errorPercent: given?.errorPercent ?? errorPercent,
    }
  }
  return { flows: perFlow(goalOf), recoverSeconds }
}

/** The goals of a file, or the defaults for none. */
export async function readSlo(file: string | undefined): Promise<Slo> {
  return file === undefined ? sloDefaults : sloOf(await readFile(file, 'utf8'))
}

/** What a flow did not keep to, one sentence each. */
export function breachesOf(flow: FlowName, figures: Figures, goal: Goal): string[] {
  const { p50Ms, p99Ms, errorPercent } = figures
  const slower = (name: string, ms: number | null, goalMs: number): string[] =>
    ms !== null && ms > goalMs ? [`${flow}: ${name} of ${shown(ms)} ms, goal ${goalMs} ms`] : []
  const failing =
    errorPercent > goal.errorPercent
      ? [`${flow}: ${shown(errorPercent)}% failed, budget ${goal.errorPercent}%`]
      : []
  return [...slower('p50', p50Ms, goal.p50Ms), ...slower('p99', p99Ms, goal.p99Ms), ...failing]
}

/** The verdict on a flow. */
export function verdictOf(flow: FlowName, figures: Figures, goal: Goal): Verdict {
  if (figures.requests === 0) return 'unmeasured'
  return breachesOf(flow, figures, goal).length === 0 ? 'met' : 'broken'
}

/** A figure with three digits. */
export function shown(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3)
}
