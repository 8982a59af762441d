import { createRequire } from 'node:module'
import type pg from 'pg'
import { context, SpanKind } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  type HistogramMetricData,
  type MetricData,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

/** The official SDK and instrumentation of `pg`, with everything kept in memory. */
export interface TelemetrySdk {
  readonly meterProvider: MeterProvider
  readonly tracerProvider: TracerProvider
  /** `pg` with the official instrumentation in it. */
  readonly pg: typeof pg
  /** The spans that have ended since the last call. */
  spans(): ReadableSpan[]
  /** The data of the metrics of one name, of all meters. */
  metric(name: string): Promise<readonly MetricData[]>
  stop(): Promise<void>
}

export function startSdk(): TelemetrySdk {
  const contextManager = new AsyncLocalStorageContextManager().enable()
  context.setGlobalContextManager(contextManager)
  const spanExporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })],
  })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const instrumentation = new PgInstrumentation()
  instrumentation.setTracerProvider(tracerProvider)
  instrumentation.setMeterProvider(meterProvider)
  return {
    meterProvider,
    tracerProvider,
    pg: createRequire(import.meta.url)('pg') as typeof pg,
    spans: () => {
      const spans = spanExporter.getFinishedSpans()
      spanExporter.reset()
      return spans
    },
    metric: async (name) => {
      metricExporter.reset()
      await reader.forceFlush()
      return metricExporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap(({ metrics }) => metrics)
        .filter(({ descriptor }) => descriptor.name === name)
    },
    stop: async () => {
      instrumentation.disable()
      await Promise.all([meterProvider.shutdown(), tracerProvider.shutdown()])
      context.disable()
    },
  }
}

/** How many durations of statements of PostgreSQL that begin so were counted, by whomever. */
export function countOf(metrics: readonly MetricData[], operation: string): number {
  return (metrics as readonly HistogramMetricData[])
    .flatMap(({ dataPoints }) => dataPoints)
    .filter(({ attributes }) => attributes['db.system.name'] === 'postgresql')
    .filter(({ attributes }) => nameOf(attributes['db.operation.name']) === operation)
    .reduce((sum, { value }) => sum + value.count, 0)
}

/** The driver writes it in capitals. */
function nameOf(operation: unknown): string {
  return String(operation).toLowerCase()
}

/** The spans of drivers. */
export function clientSpans(spans: readonly ReadableSpan[]): readonly ReadableSpan[] {
  return spans.filter(({ kind }) => kind === SpanKind.CLIENT)
}
