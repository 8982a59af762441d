import type { Attributes, Meter as ApiMeter, MetricOptions } from '@opentelemetry/api'
import type { StoreName } from '@headwater/core'
import { AttributeTree } from '../metrics/attribute-tree.ts'
import type { Measure, Meter, Metric } from '../metrics/metric.ts'
import { systemNames } from '../metrics/store-metrics.ts'
import { attributesOf } from './attributes-of.ts'

/** The one metric that instrumented drivers have, too. */
const driversMetric = 'db.client.operation.duration'

/** Records metrics with a meter of OpenTelemetry. */
export class OpentelemetryMeter implements Meter {
  readonly #meter: ApiMeter
  readonly #instrumented: ReadonlySet<string>

  /** `instrumentedDrivers` report the durations of their operations themselves. */
  constructor(meter: ApiMeter, instrumentedDrivers: readonly StoreName[]) {
    this.#meter = meter
    this.#instrumented = new Set(instrumentedDrivers.map((store) => systemNames[store]))
  }

  counter(metric: Metric): Measure {
    const counter = this.#meter.createCounter(metric.name, optionsOf(metric))
    return measureOf(metric, (value, attributes) => {
      counter.add(value, attributes)
    })
  }

  histogram(metric: Metric): Measure {
    const histogram = this.#meter.createHistogram(metric.name, optionsOf(metric))
    const measure = measureOf(metric, (value, attributes) => {
      histogram.record(value, attributes)
    })
    if (metric.name !== driversMetric) return measure
    return (value, system = '', ...rest) => {
      if (!this.#instrumented.has(system)) measure(value, system, ...rest)
    }
  }

  gauge(metric: Metric): Measure {
    const gauge = this.#meter.createGauge(metric.name, optionsOf(metric))
    return measureOf(metric, (value, attributes) => {
      gauge.record(value, attributes)
    })
  }
}

/** A metric as the API takes it. */
export function optionsOf({ unit, description, bounds }: Metric): MetricOptions {
  const advice = bounds === undefined ? {} : { advice: { explicitBucketBoundaries: [...bounds] } }
  return { unit, description, ...advice }
}

/** Equal attributes are one object: making them anew for each value would cost more than it. */
function measureOf(metric: Metric, take: (value: number, attributes: Attributes) => void): Measure {
  const known = new AttributeTree((values) => attributesOf(metric, values))
  return (value, ...attributes) => {
    take(value, known.at(attributes))
  }
}
