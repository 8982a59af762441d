import { DurationHistogram } from '@headwater/core'
import { AttributeTree } from '../metrics/attribute-tree.ts'
import { type Aggregator, type Metric, secondsBounds } from '../metrics/metric.ts'
import { labelsOf, type Point, pointOf } from './point.ts'
import { type MetricKind, prometheusName } from './prometheus-name.ts'

/** A metric with all its series. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly kind: MetricKind
  /** How values of several workers become one. */
  readonly aggregator: Aggregator
  /** Hands out its values, series by series. */
  each(take: (point: Point, value: number) => void): void
}

/** A counter or a gauge. */
export class NumberFamily implements Family {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  readonly aggregator: Aggregator
  readonly #series: { readonly point: Point; value: number }[] = []
  readonly #tree: AttributeTree<{ value: number }>

  constructor(metric: Metric, kind: 'counter' | 'gauge') {
    this.name = prometheusName(metric, kind)
    this.help = metric.description
    this.kind = kind
    this.aggregator = aggregatorOf(metric, kind)
    this.#tree = new AttributeTree((values) => {
      const series = { point: pointOf(this.name, labelsOf(metric, values)), value: 0 }
      this.#series.push(series)
      return series
    })
    // A sum without attributes begins at zero: its first increase is one.
    if (kind === 'counter' && metric.attributes.length === 0) this.add(0, [])
  }

  /** Adds to the value of a series. */
  add(value: number, attributes: readonly string[]): void {
    this.#tree.at(attributes).value += value
  }

  /** Replaces the value of a series. */
  set(value: number, attributes: readonly string[]): void {
    this.#tree.at(attributes).value = value
  }

  each(take: (point: Point, value: number) => void): void {
    for (const { point, value } of this.#series) take(point, value)
  }
}

interface HistogramSeries {
  readonly histogram: DurationHistogram
  readonly buckets: readonly Point[]
  readonly sum: Point
  readonly count: Point
}

/** A histogram. */
export class HistogramFamily implements Family {
  readonly name: string
  readonly help: string
  readonly kind = 'histogram'
  readonly aggregator = 'sum'
  readonly #series: HistogramSeries[] = []
  readonly #tree: AttributeTree<DurationHistogram>

  constructor(metric: Metric) {
    const { bounds = secondsBounds } = metric
    const les = [...bounds.map(String), '+Inf']
    const name = prometheusName(metric, 'histogram')
    this.name = name
    this.help = metric.description
    this.#tree = new AttributeTree((values) => {
      const labels = labelsOf(metric, values)
      const histogram = new DurationHistogram(bounds)
      this.#series.push({
        histogram,
        buckets: les.map((le) => pointOf(`${name}_bucket`, { ...labels, le })),
        sum: pointOf(`${name}_sum`, labels),
        count: pointOf(`${name}_count`, labels),
      })
      return histogram
    })
  }

  /** Counts a value. */
  record(value: number, attributes: readonly string[]): void {
    this.#tree.at(attributes).add(value)
  }

  each(take: (point: Point, value: number) => void): void {
    for (const { histogram, buckets, sum, count } of this.#series) {
      let upTo = 0
      for (let at = 0; at < buckets.length; at += 1) {
        upTo += histogram.buckets[at] ?? 0
        take(buckets[at] as Point, upTo)
      }
      take(sum, histogram.sum)
      take(count, histogram.count)
    }
  }
}

/** A gauge whose series are read anew each time. */
export function readFamily(
  metric: Metric,
  readings: readonly { readonly value: number; readonly attributes: readonly string[] }[],
): Family {
  const name = prometheusName(metric, 'gauge')
  return {
    name,
    help: metric.description,
    kind: 'gauge',
    aggregator: aggregatorOf(metric, 'gauge'),
    each: (take) => {
      for (const { value, attributes } of readings)
        take(pointOf(name, labelsOf(metric, attributes)), value)
    },
  }
}

function aggregatorOf({ aggregator }: Metric, kind: 'counter' | 'gauge'): Aggregator {
  return aggregator ?? (kind === 'gauge' ? 'max' : 'sum')
}
