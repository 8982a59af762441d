import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Context, Link, Span, Tracer as ApiTracer } from '@opentelemetry/api'
import type { TracedWork, Tracer } from '@headwater/core'
import { fromTraceParent, traceHeaders } from './trace-parent.ts'

/**
 * Makes a span of each work. Reads of caches have one only beneath a span that is recorded: alone
 * they say nothing, and there are many.
 */
export class SpanTracer implements Tracer {
  readonly #tracer: ApiTracer

  constructor(tracer: ApiTracer) {
    this.#tracer = tracer
  }

  trace<T>(work: TracedWork, run: () => Promise<T>): Promise<T> {
    const parent = context.active()
    if (work.part === 'cache' && trace.getSpan(parent)?.isRecording() !== true) return run()
    const span = this.#start(work, parent)
    return context.with(trace.setSpan(parent, span), run).then(
      (value) => {
        end(span, work)
        return value
      },
      (error: unknown) => {
        work.failure ??= error instanceof Error ? error.name : 'unknown'
        end(span, work)
        throw error
      },
    )
  }

  headers(): Readonly<Record<string, string>> {
    const span = trace.getSpan(context.active())
    return span === undefined ? {} : traceHeaders(span.spanContext())
  }

  /** The relay works for many transactions at once: it is linked to them, and beneath none. */
  #start({ name, part, causes = [] }: TracedWork, parent: Context): Span {
    const links: Link[] = causes.flatMap((header) => {
      const cause = fromTraceParent(header)
      return cause === undefined ? [] : { context: cause }
    })
    const options = { kind: SpanKind.INTERNAL, root: part === 'relay', links }
    return this.#tracer.startSpan(name, options, parent)
  }
}

function end(span: Span, { attributes, failure }: TracedWork): void {
  span.setAttributes(attributes)
  if (failure !== undefined) {
    span.setAttribute('error.type', failure)
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}
