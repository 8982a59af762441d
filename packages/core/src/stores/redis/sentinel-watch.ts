import { within } from '../../resilience/within.ts'
import type { RedisSettings } from './redis-options.ts'
import { type SentinelAnswer, SentinelLink } from './sentinel-link.ts'
import { isSameAddress, type ServerAddress } from './server-address.ts'

/** What a {@link SentinelWatch} tells. */
export interface WatchListeners {
  /** Another server is the primary than before, or the first one is known. */
  readonly onPrimary: (address: ServerAddress) => void
  /** Why no primary is known. */
  readonly onUnknown: (reason: string) => void
  /** One of the Sentinels cannot be asked. */
  readonly onError: (error: Error) => void
}

/** Watches the Sentinels that settings name; `undefined` where they name none. */
export function watchSentinels(
  settings: RedisSettings,
  listeners: WatchListeners,
): SentinelWatch | undefined {
  return settings.sentinels === undefined ? undefined : new SentinelWatch(settings, listeners)
}

/** Pause between two looks, in milliseconds: a message may be lost with its connection. */
const lookEveryMs = 2_000
/** Time that the other Sentinels have for their answer once one has answered, in milliseconds. */
const graceMs = 250
/** The longest wait for a look, in milliseconds. */
const longestLookMs = 1_000
/** Pauses after which Sentinels that count less than before have been set up anew. */
const pausesUntilReset = 5

/**
 * Knows which server is the primary, by listening to all Sentinels and asking them: at the start,
 * at every new connection, when a server is lost, and from time to time.
 *
 * A message of any of them is believed at once, since the old primary acknowledges writes that it
 * will lose. Answers are compared: a Sentinel that was cut off still names the old one.
 */
export class SentinelWatch {
  readonly #links: readonly SentinelLink[]
  readonly #listeners: WatchListeners
  readonly #timer: NodeJS.Timeout
  readonly #lookMs: number
  #primary: ServerAddress | undefined
  #epoch = -1
  #pauses = 0
  #lowerSince: number | undefined
  #switches = 0
  #looking: Promise<void> | undefined
  #isAskedAgain = false
  #isClosed = false

  /** `settings` have Sentinels. */
  constructor(settings: RedisSettings, listeners: WatchListeners) {
    this.#listeners = listeners
    // It is part of the time for a connection.
    this.#lookMs = Math.min(longestLookMs, settings.connectTimeoutMs / 2)
    this.#links = (settings.sentinels ?? []).map(
      (sentinel) =>
        new SentinelLink(sentinel, settings, {
          onUp: () => {
            this.look()
          },
          onSwitch: (from, to) => {
            this.#switch(from, to)
          },
          onError: (reason) => {
            listeners.onError(new Error(`Redis: the Sentinel ${reason}`))
          },
        }),
    )
    this.#timer = setInterval(() => {
      this.#pauses += 1
      this.look()
    }, lookEveryMs).unref()
    this.look()
  }

  /** The primary; `undefined` while none is known. */
  get primary(): ServerAddress | undefined {
    return this.#primary
  }

  /** Asks all Sentinels; resolves once they have answered, or are too late. */
  async asked(): Promise<void> {
    this.look()
    if (this.#looking !== undefined) await within(this.#looking, this.#lookMs, () => undefined)
  }

  /** Asks all Sentinels again, in the background. */
  look(): void {
    if (this.#isClosed) return
    this.#isAskedAgain = true
    this.#looking ??= this.#look()
  }

  /** Ends all connections. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const link of this.#links) link.close()
  }

  #switch(from: ServerAddress, to: ServerAddress): void {
    if (this.#isClosed) return
    this.#switches += 1
    if (isSameAddress(this.#primary, from)) {
      // Sentinels that have not been told yet still answer with the epoch before.
      this.#epoch += 1
      this.#take(to)
    }
    this.look()
  }

  async #look(): Promise<void> {
    while (this.#isAskedAgain && !this.#isClosed) {
      this.#isAskedAgain = false
      const switches = this.#switches
      const answers = await this.#answers()
      // Some of them may be from before the switch.
      if (switches === this.#switches) this.#judge(answers)
    }
    this.#looking = undefined
  }

  /** The answers that came in time. */
  async #answers(): Promise<readonly SentinelAnswer[]> {
    const answers: SentinelAnswer[] = []
    const first = Promise.withResolvers<void>()
    const all = Promise.all(
      this.#links.map(async (link) => {
        const answer = await link.ask()
        answers.push(answer)
        if (answer.type === 'primary') first.resolve()
      }),
    )
    await Promise.race([all, first.promise])
    await within(all, graceMs, () => undefined)
    return [...answers]
  }

  #judge(answers: readonly SentinelAnswer[]): void {
    if (this.#isClosed) return
    const known = answers.filter((answer) => answer.type === 'primary')
    const epoch = Math.max(...known.map((answer) => answer.epoch))
    const newest = known.filter((answer) => answer.epoch === epoch)
    if (newest.length === 0) {
      if (this.#primary === undefined) this.#listeners.onUnknown(reasonOf(answers))
      return
    }
    if (epoch < this.#epoch && !this.#areSetUpAnew(known)) return
    this.#lowerSince = undefined
    this.#epoch = epoch
    this.#take(this.#mostNamed(newest.map(({ address }) => address)))
  }

  /** Whether most of them have said for a while that there were fewer failovers. */
  #areSetUpAnew(known: readonly SentinelAnswer[]): boolean {
    if (known.length * 2 <= this.#links.length) return false
    this.#lowerSince ??= this.#pauses
    return this.#pauses - this.#lowerSince >= pausesUntilReset
  }

  /**
   * The address that most of them name; of two the one in use, since some may name a server by its
   * host and others by its IP.
   */
  #mostNamed(addresses: readonly ServerAddress[]): ServerAddress {
    const votes = (address: ServerAddress): number =>
      addresses.filter((other) => isSameAddress(other, address)).length +
      (isSameAddress(this.#primary, address) ? 0.5 : 0)
    return addresses.reduce((most, next) => (votes(next) > votes(most) ? next : most))
  }

  #take(address: ServerAddress): void {
    if (isSameAddress(this.#primary, address)) return
    this.#primary = address
    this.#listeners.onPrimary(address)
  }
}

function reasonOf(answers: readonly SentinelAnswer[]): string {
  const reasons = answers.flatMap((answer) => (answer.type === 'no-answer' ? [answer.reason] : []))
  if (answers.some(({ type }) => type === 'unknown-name'))
    return 'the Sentinels know no primary of this name: check `name`'
  return `no Sentinel answers: ${reasons.join('; ')}`
}
