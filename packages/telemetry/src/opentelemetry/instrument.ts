import { metrics, trace } from '@opentelemetry/api'
import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import * as z from 'zod/mini'
import { checkOptions, once, option, strictOptions } from '@headwater/core'
import type { StoreName, Stores } from '@headwater/core'
import { observe } from '../metrics/observe.ts'
import { Readings } from '../metrics/readings.ts'
import {
  telemetryDefaults,
  telemetryRules,
  type TelemetryOptions,
} from '../metrics/telemetry-options.ts'
import { packageName, version } from '../version.ts'
import { observeReadings } from './observed-readings.ts'
import { OpentelemetryMeter } from './opentelemetry-meter.ts'
import { SpanTracer } from './span-tracer.ts'

/** Options of {@link instrument}. */
export interface InstrumentOptions extends TelemetryOptions {
  /**
   * Stores whose drivers are instrumented themselves, by `@opentelemetry/instrumentation-pg` for
   * instance: `db.client.operation.duration` of these is left to the drivers, so that no time is
   * counted twice.
   *
   * @defaultValue `[]`
   */
  readonly instrumentedDrivers?: readonly StoreName[]
  /**
   * Where metrics go.
   *
   * @defaultValue the global one
   */
  readonly meterProvider?: MeterProvider
  /**
   * Where spans go.
   *
   * @defaultValue the global one
   */
  readonly tracerProvider?: TracerProvider
}

/** The defaults of {@link InstrumentOptions}. */
export const instrumentDefaults = {
  ...telemetryDefaults,
  instrumentedDrivers: [],
} as const satisfies InstrumentOptions

const storeNames = [
  'postgres',
  'redis',
  'mongodb',
  'pinecone',
  'openai',
] as const satisfies readonly StoreName[]

const rules = once(() =>
  strictOptions<InstrumentOptions>({
    ...telemetryRules(),
    instrumentedDrivers: z.array(z.enum(storeNames, `expected ${storeNames.join(', ')}`)),
    meterProvider: z.optional(option.object()),
    tracerProvider: z.optional(option.object()),
  }),
)

/**
 * Reports metrics and spans through `@opentelemetry/api`, by the semantic conventions 1.45. Call it
 * right after `connect`, and after the SDK of OpenTelemetry was started. Spans are logical ones
 * (`INTERNAL`): those of drivers, where these are instrumented, stand beneath them. Events that are
 * published carry the `traceparent` of their transaction. The returned function ends all of that.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const stop = instrument(stores, { instrumentedDrivers: ['postgres'] })
 * ```
 */
export function instrument(stores: Stores, options: InstrumentOptions = {}): () => void {
  const settings = checkOptions('instrument', rules(), { ...instrumentDefaults, ...options })
  const { meterProvider = metrics, tracerProvider = trace, instrumentedDrivers } = settings
  const meter = meterProvider.getMeter(packageName, version)
  const measures = new OpentelemetryMeter(meter, instrumentedDrivers)
  const { tracing } = stores.diagnostics
  const ends = [
    observeReadings(meter, new Readings(stores, settings, measures)),
    observe(stores.diagnostics, measures),
    tracing.use(new SpanTracer(tracerProvider.getTracer(packageName, version))),
  ]
  return () => {
    for (const end of ends) end()
  }
}
