export { prometheus } from './prometheus/prometheus.ts'
export type { PrometheusMetrics } from './prometheus/prometheus.ts'
export type { PrometheusRegistry } from './prometheus/registered-metrics.ts'
export { telemetryDefaults } from './metrics/telemetry-options.ts'
export type {
  ActivitySource,
  ActivityWaiting,
  TelemetryOptions,
} from './metrics/telemetry-options.ts'
