import type { Outcome } from './outcome.ts'

/** The outcome as plain data for one line of JSON, with figures of two decimals. */
export function summaryOf({ report, knee }: Outcome): object {
  const { slots: _slots, ...summary } = report
  const tried = knee?.steps.map(({ rate, slo, broken }) => ({ rate, slo, broken }))
  return rounded({ ...summary, ...(knee && { knee: { rate: knee.rate, steps: tried } }) }) as object
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 100) / 100
  if (Array.isArray(value)) return value.map(rounded)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, rounded(part)]))
}
