import { faults } from '../../faults/fault.ts'
import type { Phase } from '../../faults/phases.ts'
import { type FlowName, flowNames } from '../../flows/flow.ts'
import type { LoadReport } from '../../load-report.ts'
import { shown, type Verdict } from '../../slo/slo.ts'
import { escaped } from './html.ts'

/** The flows of a load against their goals. */
export function flowsTable({ flows }: LoadReport): string {
  const rows = flowNames.map((flow) => {
    const { requests, p50Ms, p99Ms, maxMs, goal, errors, errorPercent, slo } = flows[flow]
    return [
      flow,
      String(requests),
      `${time(p50Ms)} / ${goal.p50Ms}`,
      `${time(p99Ms)} / ${goal.p99Ms}`,
      time(maxMs),
      `${shown(errorPercent)}% / ${goal.errorPercent}%`,
      escaped(countsLine(errors)),
      verdict(slo),
    ]
  })
  const names = ['flow', 'requests', 'p50 / goal, ms', 'p99 / goal, ms', 'longest, ms']
  return table([...names, 'failed / budget', 'errors', 'SLO'], rows)
}

/** Each fault, and how requests fared before, during and after it. */
export function faultsTable({ faults: played }: LoadReport): string {
  const rows = played.map(({ fault, atSeconds, forSeconds, recoverSeconds, ...phases }) => [
    `<span title="${escaped(faults[fault])}">${escaped(fault)}</span>`,
    `${atSeconds.toFixed(1)} s`,
    `${forSeconds.toFixed(1)} s`,
    ...[phases.before, phases.during, phases.after].map(phaseCell),
    recoverSeconds === null
      ? '<span class="broken">never</span>'
      : `${recoverSeconds.toFixed(1)} s`,
  ])
  const names = ['fault', 'at', 'for', 'before', 'during', 'after']
  return table([...names, 'recovered after'], rows)
}

/** What each flow did while a fault lasted. */
export function duringTable({ faults: played }: LoadReport): string {
  const rows = played.map(({ fault, during }) => [
    escaped(fault),
    ...flowNames.map((flow) => flowCell(during, flow)),
  ])
  return table(['p99 in ms · failed', ...flowNames], rows)
}

/** The rates that were tried. */
export function stepsTable(steps: readonly LoadReport[]): string {
  const rows = steps.map(({ rate, slo, broken }) => [
    `${rate}/s`,
    verdict(slo),
    broken.map(escaped).join('<br>'),
  ])
  return table(['rate', 'SLO', 'what broke'], rows)
}

function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = names.map((name) => `<th scope="col">${name}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  return [
    '<div class="scroll"><table>',
    `<thead><tr>${head}</tr></thead>`,
    `<tbody>${body.join('\n')}</tbody>`,
    '</table></div>',
  ].join('\n')
}

function phaseCell({ slo, flows }: Phase): string {
  const broken = flowNames.filter((flow) => flows[flow].slo === 'broken')
  const names = broken.length === flowNames.length ? 'all' : broken.join('<br>')
  return broken.length === 0 ? verdict(slo) : `<span class="broken">${names}</span>`
}

function flowCell({ flows }: Phase, flow: FlowName): string {
  const { requests, p99Ms, errorPercent, slo } = flows[flow]
  if (requests === 0) return '-'
  return `<span class="${slo}">${time(p99Ms)} · ${shown(errorPercent)}%</span>`
}

function verdict(slo: Verdict): string {
  return `<span class="${slo}">${slo}</span>`
}

function countsLine(errors: Readonly<Record<string, number>>): string {
  return Object.entries(errors)
    .map(([error, count]) => `${error} ×${count}`)
    .join(', ')
}

function time(ms: number | null): string {
  return ms === null ? '-' : shown(ms)
}
