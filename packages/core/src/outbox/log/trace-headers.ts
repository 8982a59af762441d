import { headerBytesOf, maxHeaderBytes } from './check-event.ts'
import type { NewEvent } from './event.ts'

/**
 * Events with the headers of the trace that publishes them. One that names a trace itself, or has
 * no room for ours, stays as it is: a trace never makes an event break a rule.
 */
export function withTrace(
  events: readonly NewEvent[],
  trace: Readonly<Record<string, string>>,
): readonly NewEvent[] {
  const bytes = headerBytesOf(trace)
  if (bytes === 0) return events
  const names = ['tracestate', ...Object.keys(trace)]
  return events.map((event) => {
    const headers = event.headers ?? {}
    const isTraced = names.some((name) => Object.hasOwn(headers, name))
    const isRoom = headerBytesOf(headers) + bytes <= maxHeaderBytes
    return isTraced || !isRoom ? event : { ...event, headers: { ...headers, ...trace } }
  })
}
