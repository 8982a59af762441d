import type { JsMsg } from '@nats-io/jetstream'

/**
 * The messages that are held, which the server is told to wait for: otherwise it would deliver them
 * again after the consumer's `ack_wait`.
 */
export class HeldMessages {
  readonly #held = new Set<Pick<JsMsg, 'working'>>()
  readonly #report: (error: unknown) => void

  /** `report` is told what the connection fails with, once each time. */
  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Holds a message until it is settled. */
  add(message: Pick<JsMsg, 'working'>): void {
    this.#held.add(message)
  }

  /** Lets a message go, and returns it. */
  release<M extends Pick<JsMsg, 'working'>>(message: M): M {
    this.#held.delete(message)
    return message
  }

  /** Tells the server so in such intervals, until the returned function is called. */
  keep(everyMs: number): () => void {
    const beat = setInterval(() => {
      this.#beat()
    }, everyMs)
    return () => {
      clearInterval(beat)
    }
  }

  /** Publishing throws on a connection that is closed or draining, out of a timer. */
  #beat(): void {
    try {
      for (const message of this.#held) message.working()
    } catch (error) {
      this.#report(error)
    }
  }
}
