import type { Metric } from '../metrics/metric.ts'

/** The kinds of metrics that Prometheus has and we use. */
export type MetricKind = 'counter' | 'gauge' | 'histogram'

/**
 * The name of a metric in Prometheus, by the rules of OpenTelemetry for that: a board works with
 * either exporter.
 */
export function prometheusName({ name, unit }: Metric, kind: MetricKind): string {
  const units = { s: '_seconds', By: '_bytes' } as const
  const suffix = unit === 's' || unit === 'By' ? units[unit] : ''
  return `${labelName(name)}${suffix}${kind === 'counter' ? '_total' : ''}`
}

/** The name of an attribute as a label. */
export function labelName(attribute: string): string {
  return attribute.replaceAll('.', '_')
}
