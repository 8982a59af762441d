import { flowNames } from '../../flows/flow.ts'
import type { LoadReport } from '../../load-report.ts'
import { shown } from '../../slo/slo.ts'
import type { Outcome } from '../outcome.ts'
import { escaped } from './html.ts'
import { type Band, lineChart, type Series } from './line-chart.ts'
import { style } from './style.ts'
import { duringTable, faultsTable, flowsTable, stepsTable } from './tables.ts'

/** The outcome as one HTML file, which asks for nothing else and runs no script. */
export function pageOf({ report, knee }: Outcome): string {
  const { rate, seconds, seed, requests, slo, broken, generatorLagMs } = report
  const { p99, max, bound } = generatorLagMs
  const title = `Load on the Express example: SLO ${slo}`
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title><style>${style}</style></head><body>`,
    `<h1>Load on the Express example: SLO <span class="${slo}">${slo}</span></h1>`,
    `<p>${requests} requests, ${rate} a second on average for ${seconds} s, seed ${seed}. ` +
      'Latency counts from the moment that a request was to be sent. ' +
      `The generator was late by ${shown(p99)} ms at p99 (bound ${bound} ms), ` +
      `${shown(max)} ms at most.</p>`,
    broken.length === 0
      ? ''
      : `<ul>${broken.map((one) => `<li>${escaped(one)}</li>`).join('')}</ul>`,
    ...(knee === undefined ? [] : kneeParts(knee)),
    '<h2>Flows</h2>',
    report.faults.length === 0
      ? ''
      : '<p class="note">Outside of faults and of the recovery from them.</p>',
    flowsTable(report),
    ...faultParts(report),
    '<h2>Over time</h2>',
    ...timeCharts(report),
    '</body></html>',
    '',
  ].join('\n')
}

function faultParts(report: LoadReport): string[] {
  if (report.faults.length === 0) return []
  return [
    '<h2>Faults</h2>',
    '<p class="note">Flows that did not keep to their goals before, during and after each.</p>',
    faultsTable(report),
    '<h2>While each fault lasted</h2>',
    duringTable(report),
  ]
}

function kneeParts({ rate, steps }: NonNullable<Outcome['knee']>): string[] {
  const found = rate === null ? 'No rate held.' : `The highest rate that held: ${rate} a second.`
  const byRate = steps.toSorted((one, other) => one.rate - other.rate)
  const rates = byRate.map((step) => step.rate)
  const series = flowNames.map((flow): Series => ({
    name: flow,
    isMarked: true,
    points: byRate.map((step) => [step.rate, step.flows[flow].p99Ms]),
  }))
  const chart = lineChart({
    title: 'Latency by rate, 99th percentile',
    x: { title: 'rate, requests per second', from: 0, to: Math.max(1, ...rates) * 1.02 },
    y: { title: 'p99, milliseconds', of: 'times' },
    series,
  })
  return ['<h2>Knee</h2>', `<p>${found}</p>`, chart, stepsTable(steps)]
}

function timeCharts({ slots, seconds, faults }: LoadReport): string[] {
  const x = { title: 'time since the load began, seconds', from: 0, to: seconds }
  const bands = faults.map(({ fault, atSeconds, forSeconds }): Band => {
    return { name: fault, from: atSeconds, to: atSeconds + forSeconds }
  })
  const times = (figure: 'p50Ms' | 'p99Ms') =>
    flowNames.map((flow): Series => {
      const points = slots.map((slot) => [slot.atSeconds, slot.flows[flow][figure]] as const)
      return { name: flow, points }
    })
  const amount = (name: string, figure: 'perSecond' | 'errorsPerSecond'): Series => {
    return { name, points: slots.map((slot) => [slot.atSeconds, slot[figure]]) }
  }
  const time = (name: string) => ({ title: `${name}, milliseconds`, of: 'times' }) as const
  const y = { title: 'requests per second', of: 'amounts' } as const
  return [
    lineChart({ title: 'Median latency', x, y: time('p50'), series: times('p50Ms'), bands }),
    lineChart({
      title: 'Latency, 99th percentile',
      x,
      y: time('p99'),
      series: times('p99Ms'),
      bands,
    }),
    lineChart({ title: 'Throughput', x, y, series: [amount('succeeded', 'perSecond')], bands }),
    lineChart({ title: 'Errors', x, y, series: [amount('failed', 'errorsPerSecond')], bands }),
  ]
}
