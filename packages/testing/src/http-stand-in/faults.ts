/** Which requests a fault befalls, and how many of them. */
export interface FaultScope {
  /**
   * How many requests it befalls.
   *
   * @defaultValue `1`
   */
  readonly times?: number
  /**
   * Befalls only requests whose path contains this, for instance `/query`.
   *
   * @defaultValue every request
   */
  readonly route?: string
}

/** An answer that refuses the request. */
export interface FailedAnswer extends FaultScope {
  /** HTTP status, 400 to 599. */
  readonly status: number
  /**
   * Value of the `Retry-After` header, in seconds.
   *
   * @defaultValue no such header
   */
  readonly retryAfterSeconds?: number
}

/** What befalls one request. `hang` ends when `restored` resolves. */
export type Fault =
  | { readonly kind: 'fail'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'lose-reply' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'hang'; readonly restored: Promise<void> }

interface NextFault {
  readonly fault: Fault
  readonly route: string
  left: number
}

/**
 * What is wrong with a stand-in at the moment; nothing, unless a test says so. Faults of the next
 * requests (`failNext`, `loseNextReply`) go before the lasting state (`hang`, `delay`, `cut`), of
 * which there is one at a time.
 */
export class Faults {
  #next: NextFault[] = []
  #lasting: { readonly fault: Fault; readonly route: string } | undefined
  #endHang: () => void = () => {}
  #hungCount = 0

  /** Requests that hang now and whose callers still wait. */
  get hungCount(): number {
    return this.#hungCount
  }

  /** Answers the next requests with an error instead of doing what they ask. */
  failNext({ status, retryAfterSeconds, times = 1, route = '' }: FailedAnswer): void {
    const fault: Fault = {
      kind: 'fail',
      status,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    }
    this.#next.push({ fault, route, left: times })
  }

  /** Does what the next requests ask, then closes their connections without an answer. */
  loseNextReply({ times = 1, route = '' }: FaultScope = {}): void {
    this.#next.push({ fault: { kind: 'lose-reply' }, route, left: times })
  }

  /**
   * Leaves requests unanswered and undone until `restore`; then those whose callers still wait are
   * carried out.
   */
  hang({ route = '' }: Pick<FaultScope, 'route'> = {}): void {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#last({ kind: 'hang', restored: promise }, route)
    this.#endHang = () => resolve(undefined)
  }

  /** Carries requests out after a delay, in milliseconds, until `restore`. */
  delay(delayMs: number, { route = '' }: Pick<FaultScope, 'route'> = {}): void {
    this.#last({ kind: 'delay', delayMs }, route)
  }

  /** Closes the connection of every request, undone, until `restore`. */
  cut({ route = '' }: Pick<FaultScope, 'route'> = {}): void {
    this.#last({ kind: 'cut' }, route)
  }

  /** Makes everything work again. */
  restore(): void {
    this.#next = []
    this.#lasting = undefined
    this.#endHang()
  }

  /**
   * Returns what befalls a request to this path, and counts it.
   *
   * @internal
   */
  take(path: string): Fault | undefined {
    const next = this.#next.find(({ route }) => path.includes(route))
    if (next === undefined)
      return this.#lasting !== undefined && path.includes(this.#lasting.route)
        ? this.#lasting.fault
        : undefined
    next.left -= 1
    if (next.left <= 0) this.#next = this.#next.filter((other) => other !== next)
    return next.fault
  }

  /** Waits until the hang has ended or the caller has gone. */
  async waitOut(
    { restored }: Extract<Fault, { kind: 'hang' }>,
    gone: Promise<unknown>,
  ): Promise<void> {
    this.#hungCount += 1
    await Promise.race([restored, gone])
    this.#hungCount -= 1
  }

  #last(fault: Fault, route: string): void {
    this.#endHang()
    this.#lasting = { fault, route }
  }
}
