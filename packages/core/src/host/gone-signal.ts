/** The part of an answer of Node.js that is used: an `http.ServerResponse`. */
export interface PendingAnswer {
  /** Whether the whole answer was handed to the connection. */
  readonly writableFinished: boolean
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
  answer.once('close', () => {
    if (!answer.writableFinished) controller.abort()
  })
  return controller.signal
}
