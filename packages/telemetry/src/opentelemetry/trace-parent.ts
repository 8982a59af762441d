import { isSpanContextValid, type SpanContext } from '@opentelemetry/api'

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** A span as the header `traceparent` of W3C names it; `undefined` for what is none. */
export function fromTraceParent(header: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = form.exec(header) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return isSpanContextValid(context) ? context : undefined
}

/** The headers that name a span to others: `traceparent`, and `tracestate` where it has one. */
export function traceHeaders(context: SpanContext): Readonly<Record<string, string>> {
  if (!isSpanContextValid(context)) return {}
  const { traceId, spanId, traceFlags, traceState } = context
  const flags = traceFlags.toString(16).padStart(2, '0')
  const state = traceState?.serialize() ?? ''
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(state === '' ? {} : { tracestate: state }),
  }
}
