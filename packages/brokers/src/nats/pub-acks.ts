import { createInbox } from '@nats-io/nats-core'
import type { Msg, MsgHdrs, NatsConnection, Status, Subscription } from '@nats-io/nats-core'
import { away, refused, type NotTaken } from '../delivery/not-taken.ts'
import { readClientError } from './nats-answer.ts'

/** A message to publish. */
export interface Publication {
  readonly subject: string
  readonly data: string
  readonly headers: MsgHdrs
}

/** The server's answer, or why there is none. */
export type Answer = { readonly msg: Msg } | NotTaken

interface InFlight {
  readonly subject: string
  readonly answer: (answer: Answer) => void
}

/**
 * Publishes messages and hands each the answer that the server sends to it, over one subscription.
 * What was in flight when the connection was lost is answered at once: the client does not send it
 * again, and nobody knows whether it had arrived.
 */
export class PubAcks {
  readonly #connection: NatsConnection
  readonly #inFlight = new Map<string, InFlight>()
  #inbox = ''
  #subscription: Subscription | undefined
  #isAway = false
  #count = 0

  constructor(connection: NatsConnection) {
    this.#connection = connection
  }

  /** Publishes, and resolves with the answer. */
  publish({ subject, data, headers }: Publication): Promise<Answer> {
    if (this.#isAway || this.#connection.isClosed())
      return Promise.resolve(away('NATS is not connected'))
    this.#listen()
    this.#count += 1
    const token = String(this.#count)
    return new Promise((answer) => {
      this.#inFlight.set(token, { subject, answer })
      try {
        this.#connection.publish(subject, data, { reply: this.#inbox + token, headers })
      } catch (error) {
        this.#answer(token, readClientError(error))
      }
    })
  }

  /** Answers everything that is in flight. */
  giveUp(reason: NotTaken): void {
    for (const token of [...this.#inFlight.keys()]) this.#answer(token, reason)
  }

  #answer(token: string, answer: Answer): void {
    this.#inFlight.get(token)?.answer(answer)
    this.#inFlight.delete(token)
  }

  #listen(): void {
    if (this.#subscription !== undefined) return
    this.#inbox = `${createInbox(inboxPrefixOf(this.#connection))}.`
    this.#subscription = this.#connection.subscribe(`${this.#inbox}*`, {
      callback: (error, msg) => {
        if (error !== null) this.giveUp(readClientError(error))
        else this.#answer(msg.subject.slice(this.#inbox.length), { msg })
      },
    })
    void this.#watch()
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) this.#notice(status)
    this.giveUp(away('the connection to NATS was closed'))
  }

  #notice(status: Status): void {
    if (status.type === 'disconnect') {
      this.#isAway = true
      this.giveUp(away('the connection to NATS was lost'))
    } else if (status.type === 'reconnect') this.#isAway = false
    else if (status.type === 'error') this.#noticeDenied(status.error)
  }

  /** The server answers a subject that the user may not publish to with an error of its own. */
  #noticeDenied(error: Error): void {
    const { operation, subject } = error as {
      readonly operation?: unknown
      readonly subject?: unknown
    }
    if (operation !== 'publish') return
    for (const [token, inFlight] of [...this.#inFlight])
      if (inFlight.subject === subject)
        this.#answer(token, refused(`NATS: ${error.message}`, error))
  }
}

/** A user may be permitted inboxes of one prefix only; the client keeps it in its options. */
function inboxPrefixOf(connection: NatsConnection): string | undefined {
  const { options } = connection as { readonly options?: { readonly inboxPrefix?: string } }
  return options?.inboxPrefix
}
