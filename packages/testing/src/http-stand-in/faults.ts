/** The requests that a fault affects. */
export interface FaultScope {
  /**
   * Number of affected requests.
   *
   * @defaultValue `1`
   */
  readonly times?: number
  /**
   * Affects only requests whose path contains this text, such as `/query`.
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
  /**
   * Text of the answer, where services repeat parts of the request.
   *
   * @defaultValue one that names the stand-in
   */
  readonly message?: string
}

/** The fault of one request. `hang` ends when `restored` resolves. */
export type Fault =
  | ({ readonly kind: 'fail' } & Omit<FailedAnswer, keyof FaultScope>)
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
 * The current faults of a stand-in; none at first. Faults of the next requests (`failNext`,
 * `loseNextReply`) take precedence over the lasting fault (`hang`, `delay` or `cut`).
 */
export class Faults {
  #next: NextFault[] = []
  #lasting: { readonly fault: Fault; readonly route: string } | undefined
  #endHang: () => void = () => {}
  #hungCount = 0

  /** Hanging requests whose callers still wait. */
  get hungCount(): number {
    return this.#hungCount
  }

  /** Answers the next requests with an error and does not perform them. */
  failNext({ times = 1, route = '', ...answer }: FailedAnswer): void {
    this.#next.push({ fault: { kind: 'fail', ...answer }, route, left: times })
  }

  /** Performs the next requests, then closes their connections without an answer. */
  loseNextReply({ times = 1, route = '' }: FaultScope = {}): void {
    this.#next.push({ fault: { kind: 'lose-reply' }, route, left: times })
  }

  /** Leaves requests unanswered until `restore`, which performs those whose callers still wait. */
  hang({ route = '' }: Pick<FaultScope, 'route'> = {}): void {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#last({ kind: 'hang', restored: promise }, route)
    this.#endHang = () => resolve(undefined)
  }

  /** Delays every request by so many milliseconds, until `restore`. */
  delay(delayMs: number, { route = '' }: Pick<FaultScope, 'route'> = {}): void {
    this.#last({ kind: 'delay', delayMs }, route)
  }

  /** Closes the connection of every request without performing it, until `restore`. */
  cut({ route = '' }: Pick<FaultScope, 'route'> = {}): void {
    this.#last({ kind: 'cut' }, route)
  }

  /** Ends all faults. */
  restore(): void {
    this.#next = []
    this.#lasting = undefined
    this.#endHang()
  }

  /**
   * Returns the fault of a request to this path, and counts the request against it.
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

  /** Waits until the hang has ended or the caller is gone. */
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
