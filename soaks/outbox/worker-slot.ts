import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { faultProxy, type FaultProxy } from '@headwater/testing'
import { forkWorker, tell } from '../run/fork-worker.ts'
import type { Answer, Assignment, Order } from './relay-worker.ts'
import type { Release } from './sinks.ts'

/** The size of a fleet and the servers of its relays. */
export interface FleetOptions {
  readonly relays: number
  readonly postgresUrl: string
  readonly redisUrl: string
  /** The key prefix of the effects. */
  readonly prefix: string
}

const patienceMs = 10_000
const script = new URL(import.meta.resolve('./relay-worker.ts'))

/** A slot for one relay process: a relay that ends is replaced, behind the same proxies. */
export class WorkerSlot {
  readonly name: string
  readonly postgres: FaultProxy
  readonly redis: FaultProxy
  readonly #prefix: string
  #child: ChildProcess | undefined
  #filled: Promise<void> = Promise.resolve()
  #release: Release = 'old'
  #isDismissed = false
  #isCalm = false
  #isPoisonLifted = false
  #isClosing = false
  kills = 0
  /** Exits of relays that were not killed. */
  falls = 0

  private constructor(
    name: string,
    prefix: string,
    proxies: { readonly postgres: FaultProxy; readonly redis: FaultProxy },
  ) {
    this.name = name
    this.#prefix = prefix
    this.postgres = proxies.postgres
    this.redis = proxies.redis
  }

  /** Opens the proxies; the slot has no relay yet. */
  static async open(
    name: string,
    { postgresUrl, redisUrl, prefix }: FleetOptions,
  ): Promise<WorkerSlot> {
    const [postgres, redis] = await Promise.all([faultProxy(postgresUrl), faultProxy(redisUrl)])
    return new WorkerSlot(name, prefix, { postgres, redis })
  }

  /** Starts a relay and resolves once it works. */
  async fill(): Promise<void> {
    const child = forkWorker(script)
    this.#child = child
    child.once('exit', (_, signal) => {
      this.#left(signal)
    })
    const assignment: Assignment = {
      name: this.name,
      release: this.#release,
      postgresUrl: this.postgres.url,
      redisUrl: this.redis.url,
      prefix: this.#prefix,
      isCalm: this.#isCalm,
      isPoisonLifted: this.#isPoisonLifted,
    }
    tell(child, assignment)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }

  /** Replaces the relay by one of the new release, which works when it resolves. */
  async upgrade(): Promise<void> {
    this.#release = 'new'
    this.#isDismissed = true
    await this.#stop()
    await this.#filled
  }

  /** Kills the relay, and resolves once one of the same release works in its place. */
  async crash(): Promise<void> {
    const child = this.#child
    if (child?.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    await this.#filled
  }

  /** Sends a signal to the relay. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** Ends the random faults of the sinks, or the poison. */
  order(order: Extract<Order, 'calm' | 'lift-poison'>): void {
    if (order === 'calm') this.#isCalm = true
    else this.#isPoisonLifted = true
    if (this.#child?.connected === true) tell(this.#child, order)
  }

  /** Drains the relay; resolves to `false` when it did not drain, or ended first. */
  async drain(): Promise<boolean> {
    const child = this.#child
    if (child?.connected !== true) return false
    tell(child, 'drain' satisfies Order)
    const [answer] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      Answer | number | null,
    ]
    return answer === 'drained'
  }

  /** Stops the relay, closes the proxies and returns whether the relay stopped in time. */
  async close(): Promise<boolean> {
    this.#isClosing = true
    const code = await this.#stop()
    await Promise.all([this.redis.close(), this.postgres.close()])
    return code === 0
  }

  /** Stops the relay, by force when it does not stop in time, and returns its exit code. */
  async #stop(): Promise<unknown> {
    const child = this.#child
    if (child?.connected !== true) return undefined
    const ended = once(child, 'exit')
    tell(child, 'stop' satisfies Order)
    await Promise.race([ended, setTimeout(patienceMs, undefined, { ref: false })])
    child.kill('SIGKILL')
    await ended
    return child.exitCode
  }

  #left(signal: NodeJS.Signals | null): void {
    if (this.#isClosing) return
    if (signal === 'SIGKILL') this.kills += 1
    else if (!this.#isDismissed) this.falls += 1
    this.#isDismissed = false
    this.#filled = this.fill()
  }
}
