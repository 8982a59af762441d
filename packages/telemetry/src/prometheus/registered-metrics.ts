import type { Family } from './family.ts'
import type { Labels } from './point.ts'

/** The part of a registry of `@prometheus-io/client` that is used. */
export interface PrometheusRegistry {
  /** Adds a metric. */
  registerMetric(metric: object): void
}

interface RegisteredMetric {
  readonly name: string
  readonly help: string
  readonly type: Family['kind']
  readonly aggregator: Family['aggregator']
  /** Called by the registry at each scrape. */
  get(): Promise<object>
  /** Nothing: what was counted is also in the other exporters. */
  reset(): void
}

interface RegisteredValue {
  readonly metricName: string
  readonly labels: Labels
  readonly value: number
}

/** Families as a registry knows metrics. One scrape of a registry reads them once. */
export function registeredMetrics(
  known: readonly Family[],
  read: () => Promise<readonly Family[]>,
): readonly RegisteredMetric[] {
  let reading: Promise<ReadonlyMap<string, Family>> | undefined
  const readOnce = (): Promise<ReadonlyMap<string, Family>> => {
    reading ??= read()
      .then((families) => new Map(families.map((family) => [family.name, family])))
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  return known.map(({ name, help, kind: type, aggregator }) => ({
    name,
    help,
    type,
    aggregator,
    get: async () => {
      const values: RegisteredValue[] = []
      ;(await readOnce()).get(name)?.each((point, value) => {
        values.push({ metricName: point.name, labels: point.labels, value })
      })
      return { name, help, type, aggregator, values }
    },
    reset: () => undefined,
  }))
}
