import type { TracedWork } from '../../tracing/tracing.ts'
import type { LoggedEvent } from '../log/event.ts'

/** The most causes that a delivery names: as many links as OpenTelemetry keeps of a span. */
const maxCauses = 128

/** The delivery of a batch to a sink as tracers are told of it. */
export function tracedDelivery(sink: string, events: readonly LoggedEvent[]): TracedWork {
  const causes = new Set(events.flatMap(({ headers }) => headers['traceparent'] ?? []))
  return {
    name: `relay deliver ${sink}`,
    part: 'relay',
    attributes: {
      'headwater.sink.name': sink,
      'messaging.operation.name': 'deliver',
      'messaging.batch.message_count': events.length,
    },
    causes: [...causes].slice(0, maxCauses),
  }
}
