import { tracingChannel } from 'node:diagnostics_channel'
import { isStorable } from '../input.ts'
import type { Result } from '../result.ts'

/** A piece of work of the SDK that takes time. What is known at its end only is set then. */
export interface TracedWork {
  /** Names the work: `cache.get course`, `transaction`, `relay deliver mails`. Never an id. */
  readonly name: string
  /** The part of the SDK that works. */
  readonly part: 'cache' | 'transaction' | 'relay' | 'search'
  /** What is known of it, by the names of OpenTelemetry. Never an id or a key. */
  readonly attributes: Record<string, string | number | boolean>
  /** The `traceparent` of the work that caused it and did not wait for it. */
  readonly causes?: readonly string[]
  /** The type of the failure that it ended with. */
  failure?: string
}

/** Makes spans of the work of the SDK. */
export interface Tracer {
  /** Runs `run` in a span, and returns what it returns. */
  trace<T>(work: TracedWork, run: () => Promise<T>): Promise<T>
  /** Headers that name the present span, such as `traceparent`; published events carry them. */
  headers(): Readonly<Record<string, string>>
}

/** For whoever subscribes by name, without any package of ours. */
const channel = tracingChannel<unknown, TracedWork>('headwater:work')

/**
 * Tells of work when it begins and when it ends: to a {@link Tracer}, and to the subscribers of the
 * tracing channel `headwater:work` of `node:diagnostics_channel`, whose messages are
 * {@link TracedWork}. Without either, work runs as if nothing were here.
 */
export class Tracing {
  readonly #failed: (error: unknown) => void
  readonly #tracers: { readonly tracer: Tracer }[] = []

  /** `failed` hears of tracers that fail, or cannot say which headers name their span. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  /** Whether anybody wants to know: lets a hot path spare what only a tracer would see. */
  get isOn(): boolean {
    return this.#tracers.length > 0 || channel.hasSubscribers
  }

  /**
   * Tells `tracer` from now on; the returned function ends that. The newest is told alone: an
   * earlier one is told again once it has ended.
   */
  use(tracer: Tracer): () => void {
    const used = { tracer }
    this.#tracers.push(used)
    return () => {
      const at = this.#tracers.indexOf(used)
      if (at !== -1) this.#tracers.splice(at, 1)
    }
  }

  /** Runs work, and returns what it returns. */
  trace<T>(work: TracedWork, run: () => Promise<T>): Promise<T> {
    const told = channel.hasSubscribers ? () => channel.tracePromise(run, work) : run
    const used = this.#tracers.at(-1)
    return used === undefined ? told() : this.#guarded(used.tracer, work, told)
  }

  /** Runs work whose failures are results. A refusal by the host's own code is no failure. */
  result<T, E>(work: TracedWork, run: () => Promise<Result<T, E>>): Promise<Result<T, E>> {
    return this.trace(work, async () => {
      const result = await run()
      const failure = result.isErr() ? troubleIn(result.error) : undefined
      if (failure !== undefined) work.failure = failure
      return result
    })
  }

  /** A tracer that fails harms no work: the outcome is that of `run`, which runs once. */
  async #guarded<T>(tracer: Tracer, work: TracedWork, run: () => Promise<T>): Promise<T> {
    let running: Promise<T> | undefined
    const runOnce = (): Promise<T> => (running ??= run())
    try {
      await tracer.trace(work, runOnce)
    } catch (error) {
      const isOwn = await runOnce().then(
        () => false,
        (failure: unknown) => failure === error,
      )
      if (!isOwn) this.#failed(error)
    }
    return runOnce()
  }

  /** Headers that name the present span; none without a tracer, or where it fails to say. */
  headers(): Readonly<Record<string, string>> {
    const used = this.#tracers.at(-1)
    if (used === undefined) return {}
    try {
      const headers = used.tracer.headers()
      if (Object.entries(headers).flat().every(isHeaderText)) return headers
      throw new TypeError('expected a tracer to name its span by texts that PostgreSQL can store')
    } catch (error) {
      this.#failed(error)
      return {}
    }
  }
}

function isHeaderText(text: unknown): boolean {
  return typeof text === 'string' && isStorable(text)
}

/** The type of a failure of a store or a loader. */
function troubleIn(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('type' in error)) return undefined
  return 'store' in error || 'cache' in error ? String(error.type) : undefined
}
