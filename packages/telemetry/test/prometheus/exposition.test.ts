import { AggregatorRegistry, Counter, Registry } from '@prometheus-io/client'
import { expect, test } from 'vitest'
import type { Metric } from '../../src/metrics/metric.ts'
import { readMetrics } from '../../src/metrics/read-metrics.ts'
import { exposition } from '../../src/prometheus/exposition.ts'
import { PrometheusMeter } from '../../src/prometheus/prometheus-meter.ts'
import { registeredMetrics } from '../../src/prometheus/registered-metrics.ts'

const requests: Metric = {
  name: 'shop.requests',
  unit: '{request}',
  description: 'Requests of the shop.',
  attributes: ['shop.name', 'error.type'],
}
const duration: Metric = {
  name: 'shop.duration',
  unit: 's',
  description: 'Time that\nrequests took.',
  attributes: ['shop.name'],
  bounds: [0.1, 1],
}

test('Counters, gauges and histograms are written as Prometheus reads them', () => {
  const meter = new PrometheusMeter()
  const count = meter.counter(requests)
  count(1, 'a "b"\n\\c', '')
  count(2, 'd', 'late')
  count(3, 'd', 'late')
  meter.gauge({ ...requests, name: 'shop.size', unit: 'By' })(1_024, 'd')
  const time = meter.histogram(duration)
  for (const seconds of [0.1, 0.2, 5]) time(seconds, 'd')
  expect(exposition(meter.families)).toBe(
    `# HELP shop_requests_total Requests of the shop.
# TYPE shop_requests_total counter
shop_requests_total{shop_name="a \\"b\\"\\n\\\\c"} 1
shop_requests_total{shop_name="d",error_type="late"} 5
# HELP shop_size_bytes Requests of the shop.
# TYPE shop_size_bytes gauge
shop_size_bytes{shop_name="d"} 1024
# HELP shop_duration_seconds Time that\\nrequests took.
# TYPE shop_duration_seconds histogram
shop_duration_seconds_bucket{shop_name="d",le="0.1"} 1
shop_duration_seconds_bucket{shop_name="d",le="1"} 2
shop_duration_seconds_bucket{shop_name="d",le="+Inf"} 3
shop_duration_seconds_sum{shop_name="d"} 5.3
shop_duration_seconds_count{shop_name="d"} 3
`,
  )
})

test('A metric without attributes is there from the start, at zero', () => {
  const meter = new PrometheusMeter()
  meter.counter({ ...requests, attributes: [] })
  expect(exposition(meter.families)).toContain('\nshop_requests_total 0\n')
})

test('Beyond a thousand combinations of attributes the rest counts as other', () => {
  const meter = new PrometheusMeter()
  const count = meter.counter(requests)
  for (let shop = 0; shop < 3_000; shop += 1) count(1, `shop-${shop}`, '')
  const lines = exposition(meter.families)
    .split('\n')
    .filter((line) => line.startsWith('shop_'))
  expect(lines).toHaveLength(1_001)
  expect(lines).toContain('shop_requests_total{shop_name="other",error_type="other"} 2000')
})

test('Workers are added up where that makes sense, and compared elsewhere', async () => {
  const worker = async (trusted: number, lag: number): Promise<object> => {
    const meter = new PrometheusMeter()
    meter.counter(requests)(2, 'd', '')
    meter.gauge(readMetrics.trusted)(trusted)
    meter.gauge(readMetrics.lag)(lag, 'mails')
    meter.gauge(readMetrics.connections)(3, 'postgresql', 'used')
    const registry = new Registry()
    for (const metric of registeredMetrics(meter.families, async () => meter.families))
      registry.registerMetric(metric as never)
    return registry.getMetricsAsJSON()
  }
  const workers = [await worker(1, 20), await worker(0, 30), await worker(1, 20)]
  const text = await AggregatorRegistry.aggregate(workers).metrics()
  for (const line of [
    'shop_requests_total{shop_name="d"} 6',
    'headwater_cache_trusted 0',
    'headwater_outbox_lag_seconds{headwater_sink_name="mails"} 30',
    'headwater_pool_connections{db_system_name="postgresql",db_client_connection_state="used"} 9',
  ])
    expect(text.split('\n')).toContain(line)
})

test("A registry of the official client has the metrics beside the host's own", async () => {
  const meter = new PrometheusMeter()
  meter.counter(requests)(2, 'd', '')
  meter.histogram(duration)(0.2, 'd')
  const registry = new Registry()
  new Counter({ name: 'own_total', help: 'Of the host.', registers: [registry] }).inc(7)
  for (const metric of registeredMetrics(meter.families, async () => meter.families))
    registry.registerMetric(metric as never)
  const text = await registry.metrics()
  expect(text).toContain('own_total 7')
  const ours = exposition(meter.families).trimEnd().split('\n')
  expect(text.split('\n')).toEqual(expect.arrayContaining(ours))
})
