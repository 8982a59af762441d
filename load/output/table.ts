import { flowNames } from '../flows/flow.ts'
import type { FlowReport, LoadReport } from '../load-report.ts'
import { shown } from '../slo/slo.ts'
import type { Outcome } from './outcome.ts'

const columns = ['flow', 'requests', 'p50', 'p99', 'max', 'goal p50', 'p99', 'failed', 'budget']
const widths = [12, 9, 8, 8, 8, 9, 7, 8, 8]

/** The outcome as a table. */
export function tableOf({ report, knee }: Outcome): string {
  const { rate, seconds, seed, requests, generatorLagMs } = report
  const { p99, max } = generatorLagMs
  return [
    `${rate} requests/s for ${seconds} s, seed ${seed}: ${requests} requests; times in ms`,
    '',
    row(columns),
    ...flowNames.map((flow) => flowRow(flow, report.flows[flow])),
    ...faultLines(report),
    '',
    `generator late by ${shown(p99)} ms at p99, ${shown(max)} ms at most`,
    ...(knee?.steps ?? []).map((step) => `  ${step.rate}/s: ${step.slo}${reasons(step)}`),
    ...(knee === undefined ? [] : [`highest rate that held: ${knee.rate ?? 'none'}`]),
    `SLO ${report.slo}`,
    ...report.broken.map((sentence) => `  ${sentence}`),
  ].join('\n')
}

function flowRow(flow: string, report: FlowReport): string {
  const { requests, p50Ms, p99Ms, maxMs, goal, errorPercent, slo } = report
  const mark = slo === 'met' ? '' : `  ${slo}`
  return row([
    flow,
    String(requests),
    time(p50Ms),
    time(p99Ms),
    time(maxMs),
    String(goal.p50Ms),
    String(goal.p99Ms),
    `${shown(errorPercent)}%`,
    `${goal.errorPercent}%${mark}`,
  ])
}

function faultLines({ faults }: LoadReport): string[] {
  if (faults.length === 0) return []
  return [
    '',
    'fault            at       for      before  during  after   recovered after',
    ...faults.map(({ fault, atSeconds, forSeconds, before, during, after, recoverSeconds }) =>
      [
        fault.padEnd(16),
        `${atSeconds.toFixed(1)} s`.padEnd(8),
        `${forSeconds.toFixed(1)} s`.padEnd(8),
        ...[before, during, after].map(({ slo }) => short(slo).padEnd(7)),
        recoverSeconds === null ? 'never' : `${recoverSeconds.toFixed(1)} s`,
      ].join(' '),
    ),
  ]
}

function reasons({ broken }: LoadReport): string {
  return broken.length === 0 ? '' : ` (${broken.join('; ')})`
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, place) => {
      const width = widths[place] ?? 0
      return place === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    .join(' ')
}

function time(ms: number | null): string {
  return ms === null ? '-' : shown(ms)
}

function short(verdict: string): string {
  return verdict === 'unmeasured' ? '-' : verdict
}
