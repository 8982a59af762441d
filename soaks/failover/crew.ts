import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Notes, readNotes } from '../cache/ledger.ts'
import { forkWorker, tell } from '../run/fork-worker.ts'
import { say } from '../run/say.ts'
import type { Answer, Assignment, Order, Role } from './work.ts'

/** The processes of a crew by role. */
const sizes: Readonly<Record<Role, number>> = {
  reader: 2,
  writer: 2,
  seller: 2,
  keeper: 1,
  relay: 2,
  'replica-reader': 1,
  'replica-cache-reader': 1,
}
const replicaReader = new URL(import.meta.resolve('./workers/replica-reader.ts'))
const scripts: Readonly<Record<Role, URL>> = {
  reader: new URL(import.meta.resolve('./workers/reader.ts')),
  writer: new URL(import.meta.resolve('./workers/writer.ts')),
  seller: new URL(import.meta.resolve('./workers/seller.ts')),
  keeper: new URL(import.meta.resolve('./workers/keeper.ts')),
  relay: new URL(import.meta.resolve('./workers/relay.ts')),
  'replica-reader': replicaReader,
  'replica-cache-reader': replicaReader,
}
const patienceMs = 90_000

/** The addresses and the numbers that all workers share. */
export type CrewOptions = Omit<Assignment, 'role' | 'ledgerPath'> & {
  /** The directory of the ledgers. */
  readonly directory: string
}

/** Readers, writers, sellers, keepers and relays: processes that live through every failover. */
export class Crew {
  readonly #workers: readonly Worker[]

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers
  }

  /** Starts every worker, and resolves once all of them work. */
  static async start(options: CrewOptions): Promise<Crew> {
    const workers = Object.entries(sizes).flatMap(([role, size]) =>
      Array.from({ length: size }, (_, index) => new Worker(role as Role, index, options)),
    )
    await Promise.all(workers.map((worker) => worker.isReady))
    return new Crew(workers)
  }

  /** The names of the workers that ended too early, or did not stop in good order. */
  get fallen(): readonly string[] {
    return this.#workers.filter(({ hasFallen }) => hasFallen).map(({ name }) => name)
  }

  /** Stops all workers but the relays. */
  async rest(): Promise<void> {
    await Promise.all(this.#workers.filter(({ role }) => role !== 'relay').map(stop))
  }

  /** Waits until a relay has delivered everything; resolves to `false` when none did in time. */
  async drain(timeoutMs: number): Promise<boolean> {
    const relays = this.#workers.filter(({ role }) => role === 'relay')
    const endMs = performance.now() + timeoutMs
    for (let turn = 0; performance.now() < endMs; turn += 1) {
      if ((await relays[turn % relays.length]?.drain()) === true) return true
      await setTimeout(100)
    }
    return false
  }

  /** Stops every worker. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map(stop))
  }

  /** The notes of the workers with one of these roles. */
  notes(...roles: readonly Role[]): Notes[] {
    return this.#workers
      .filter(({ role, ledgerPath }) => roles.includes(role) && existsSync(ledgerPath))
      .map(({ name, ledgerPath }) => readNotes(name, ledgerPath))
  }
}

class Worker {
  readonly role: Role
  readonly name: string
  readonly ledgerPath: string
  readonly isReady: Promise<unknown>
  readonly #child: ChildProcess
  #isStopping = false
  hasFallen = false

  constructor(role: Role, index: number, { directory, ...shared }: CrewOptions) {
    this.role = role
    this.name = `${role}-${index}`
    this.ledgerPath = join(directory, this.name)
    this.#child = forkWorker(scripts[role])
    this.#child.once('exit', (code, signal) => {
      if (!this.#isStopping) this.#fell(`ended: ${signal ?? code ?? ''}`)
    })
    this.isReady = Promise.race([once(this.#child, 'message'), once(this.#child, 'exit')])
    tell(this.#child, { ...shared, role, ledgerPath: this.ledgerPath } satisfies Assignment)
  }

  async drain(): Promise<boolean> {
    if (!this.#child.connected) return false
    tell(this.#child, 'drain' satisfies Order)
    const [answer] = (await Promise.race([
      once(this.#child, 'message'),
      once(this.#child, 'exit'),
    ])) as [Answer | number | null]
    return answer === 'drained'
  }

  async stop(): Promise<void> {
    if (!this.#child.connected) return
    this.#isStopping = true
    const ended = once(this.#child, 'exit')
    tell(this.#child, 'stop' satisfies Order)
    await Promise.race([ended, setTimeout(patienceMs, undefined, { ref: false })])
    this.#child.kill('SIGKILL')
    await ended
    if (this.#child.exitCode !== 0) this.#fell('did not stop')
  }

  #fell(how: string): void {
    this.hasFallen = true
    say(`  ${this.name} ${how}`)
  }
}

function stop(worker: Worker): Promise<void> {
  return worker.stop()
}
