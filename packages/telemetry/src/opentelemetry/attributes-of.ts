import type { Attributes } from '@opentelemetry/api'
import type { Metric } from '../metrics/metric.ts'

/** Attributes of one value of a metric. An empty one is left out. */
export function attributesOf({ attributes }: Metric, values: readonly string[]): Attributes {
  return Object.fromEntries(
    attributes.flatMap((name, at) => {
      const value = values[at] ?? ''
      return value === '' ? [] : [[name, value]]
    }),
  )
}
