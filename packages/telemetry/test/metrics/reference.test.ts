import { Diagnostics, type Stores } from '@headwater/core'
import { expect, test } from 'vitest'
import type { Measure, Meter, Metric } from '../../src/metrics/metric.ts'
import { observe } from '../../src/metrics/observe.ts'
import { readMetrics } from '../../src/metrics/read-metrics.ts'
import { Readings } from '../../src/metrics/readings.ts'
import { labelName, prometheusName, type MetricKind } from '../../src/prometheus/prometheus-name.ts'

const ignore: Measure = () => undefined

function everyMetric(): [Metric, MetricKind][] {
  const found: [Metric, MetricKind][] = Object.values<Metric>(readMetrics).map((metric) => [
    metric,
    'gauge',
  ])
  const note = (kind: MetricKind) => (metric: Metric) => {
    found.push([metric, kind])
    return ignore
  }
  const meter: Meter = {
    counter: note('counter'),
    histogram: note('histogram'),
    gauge: note('gauge'),
  }
  new Readings({} as Stores, { deadlineMs: 1 }, meter)
  observe(new Diagnostics(), meter)
  return found
}

const introduction = `# Metrics

Every metric of [telemetry](guides/telemetry.md), generated from the code. Where Prometheus gets it
by way of OpenTelemetry, the name is the same: \`headwater.cache.requests\` is
\`headwater_cache_requests_total\`. Histograms also have \`_bucket\`, \`_sum\` and \`_count\`.`

test('The reference of metrics is what the code says (update it with `vitest -u`)', async () => {
  const rows = everyMetric()
    .map(([metric, kind]) => {
      const labels = metric.attributes.map((attribute) => `\`${labelName(attribute)}\``).join(', ')
      return `| \`${prometheusName(metric, kind)}\` | ${kind} | ${labels} | ${metric.description} |`
    })
    .toSorted()
  const table = ['| metric | kind | labels | meaning |', '| --- | --- | --- | --- |', ...rows]
  const markdown = `${introduction}\n\n${table.join('\n')}\n`
  await expect(markdown).toMatchFileSnapshot('../../../../docs/metrics.md')
})

test('No two metrics share a name, and each says what it is in a sentence', () => {
  const names = everyMetric().map(([metric, kind]) => prometheusName(metric, kind))
  expect(new Set(names).size).toBe(names.length)
  for (const [{ name, description }] of everyMetric()) {
    expect(name).toMatch(/^[a-z_]+(\.[a-z_]+)+$/)
    expect(description).toMatch(/^[A-Z].*\.$|; .*\.$/)
  }
})
