/** The part of an answer of Node.js that is used: an `http.ServerResponse`. */
export interface PendingAnswer {
  /** Whether the whole answer was handed to the connection. */
  readonly writableFinished: boolean
  /** Whether the connection has ended. */
  readonly closed: boolean
  /** Registers a listener of the end of the connection or of the answer. */
  once(event: 'close', listener: () => void): unknown
}

/**
 * A signal that is aborted when the client leaves before its answer is sent, for hosts on
 * `node:http`: `response` of Express, `reply.raw` of Fastify. The request's own end is no such
 * sign, since it comes as soon as the body is read.
 *
 * @example
 * ```ts
 * const course = await courses.get(id, { signal: goneSignal(response) })
 * ```
 */
export function goneSignal(answer: PendingAnswer): AbortSignal {
  const controller = new AbortController()
  const onClose = (): void => {
    if (!answer.writableFinished) controller.abort()
  }
  if (answer.closed) onClose()
  else answer.once('close', onClose)
  return controller.signal
}
