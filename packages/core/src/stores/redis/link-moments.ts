import type { LinkMoment } from './link-listeners.ts'

/** The moments of a link that have come, and those who wait for one. */
export class LinkMoments {
  readonly #waiting = new Set<{ readonly until: LinkMoment; readonly resolve: () => void }>()
  #hasTried = false
  #isDenied = false

  /** Whether the server has refused the credentials. */
  get isDenied(): boolean {
    return this.#isDenied
  }

  /** Resolves once the link is up, or at once when the moment has come without that. */
  wait(until: LinkMoment): Promise<void> {
    if (this.#hasCome(until)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.add({ until, resolve })
    })
  }

  /** The link is up. */
  up(): void {
    this.#isDenied = false
    this.#wake(() => true)
  }

  /** The link is down, or an attempt to connect has ended. */
  tried(): void {
    this.#hasTried = true
    this.#wake((until) => this.#hasCome(until))
  }

  /** An attempt has failed; whether because the credentials were refused. */
  failed({ isDenied }: { readonly isDenied: boolean }): void {
    this.#isDenied = isDenied
    this.tried()
  }

  #hasCome(until: LinkMoment): boolean {
    if (until === 'up-or-denied') return this.#isDenied
    return until === 'first-attempt' && this.#hasTried
  }

  #wake(hasCome: (until: LinkMoment) => boolean): void {
    for (const waiter of this.#waiting) {
      if (!hasCome(waiter.until)) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }
}
