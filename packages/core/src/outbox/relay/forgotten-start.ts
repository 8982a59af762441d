import type { Stores } from '../../connect/stores.ts'

/** Time between the first published event and the report. */
const patienceMs = 10_000

/**
 * Reports a relay that is not started while events are published. The returned function ends the
 * watch.
 */
export function watchForStart(
  { diagnostics }: Pick<Stores, 'diagnostics'>,
  owner: string,
): () => void {
  let end = diagnostics.on('outbox:published', () => {
    end()
    const timer = setTimeout(() => {
      diagnostics.emit('relay:not-started', { owner })
    }, patienceMs).unref()
    end = () => {
      clearTimeout(timer)
    }
  })
  return () => {
    end()
  }
}
