import type { BatchObservableCallback, Meter } from '@opentelemetry/api'
import type { Metric } from '../metrics/metric.ts'
import { readMetrics } from '../metrics/read-metrics.ts'
import type { Readings } from '../metrics/readings.ts'
import { attributesOf } from './attributes-of.ts'
import { optionsOf } from './opentelemetry-meter.ts'

/** Reads the metrics that are states whenever they are collected, until the end is called. */
export function observeReadings(meter: Meter, readings: Readings): () => void {
  const gauges = new Map(
    Object.values<Metric>(readMetrics).map((metric) => [
      metric,
      meter.createObservableGauge(metric.name, optionsOf(metric)),
    ]),
  )
  const observables = [...gauges.values()]
  const read: BatchObservableCallback = async (result) => {
    for (const { metric, value, attributes } of await readings.read()) {
      const gauge = gauges.get(metric)
      if (gauge !== undefined) result.observe(gauge, value, attributesOf(metric, attributes))
    }
  }
  meter.addBatchObservableCallback(read, observables)
  return () => {
    meter.removeBatchObservableCallback(read, observables)
  }
}
