import { checkOptions, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import type { Metric } from '../metrics/metric.ts'
import { observe } from '../metrics/observe.ts'
import { readMetrics } from '../metrics/read-metrics.ts'
import { Readings } from '../metrics/readings.ts'
import {
  telemetryDefaults,
  telemetryRules,
  type TelemetryOptions,
} from '../metrics/telemetry-options.ts'
import { exposition, expositionType } from './exposition.ts'
import { type Family, readFamily } from './family.ts'
import { PrometheusMeter } from './prometheus-meter.ts'
import { registeredMetrics, type PrometheusRegistry } from './registered-metrics.ts'

/** The metrics of one set of stores, for Prometheus. */
export interface PrometheusMetrics {
  /**
   * Answers a scrape: `GET` or `HEAD`, whatever the path. Who may read it is for the host to say.
   */
  readonly handle: (request: Request) => Promise<Response>
  /** The metrics as text. Never rejects. One round trip of PostgreSQL, two with `activity`. */
  readonly text: () => Promise<string>
  /**
   * Adds the metrics to a registry of `@prometheus-io/client` or `prom-client`, which then has them
   * beside those of the host. Its own content type must be that of Prometheus, the default.
   */
  readonly register: (registry: PrometheusRegistry) => void
  /** Stops counting. */
  readonly stop: () => void
}

/**
 * Counts what the stores, and everything that is made with them, report; for Prometheus to scrape.
 * Call it right after `connect`: it counts from then on. Needs no other package. A scrape costs one
 * small statement, and leaves out what PostgreSQL does not answer in time.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const metrics = prometheus(stores, { activity })
 * app.get('/metrics', (context) => metrics.handle(context.req.raw))
 * ```
 */
export function prometheus(stores: Stores, options: TelemetryOptions = {}): PrometheusMetrics {
  const rules = strictOptions<TelemetryOptions>(telemetryRules())
  const settings = checkOptions('prometheus', rules, { ...telemetryDefaults, ...options })
  const meter = new PrometheusMeter()
  const readings = new Readings(stores, settings, meter)
  const stop = observe(stores.diagnostics, meter)
  const families = async () => [...(await readFamilies(readings)), ...meter.families]
  const text = async () => exposition(await families())
  return {
    text,
    handle: async (request) => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
      const headers = { 'content-type': expositionType, 'cache-control': 'no-store' }
      return new Response(request.method === 'HEAD' ? null : await text(), { headers })
    },
    register: (registry) => {
      const names = [...Object.values<Metric>(readMetrics).map((metric) => readFamily(metric, []))]
      for (const metric of registeredMetrics([...names, ...meter.families], families))
        registry.registerMetric(metric)
    },
    stop,
  }
}

async function readFamilies(readings: Readings): Promise<Family[]> {
  const read = Map.groupBy(await readings.read(), ({ metric }) => metric)
  return Object.values<Metric>(readMetrics).map((metric) =>
    readFamily(metric, read.get(metric) ?? []),
  )
}
