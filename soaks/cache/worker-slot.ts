import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { FaultProxy } from '@headwater/testing'
import { forkWorker, tell } from '../run/fork-worker.ts'
import { type Notes, readNotes } from './ledger.ts'
import { type NearCounts, sumOf } from './near/near-counts.ts'
import type { SubjectName, SubjectUrls } from './subject.ts'
import type { Assignment } from './work.ts'

/** The numbers of processes. */
export interface Crew {
  readonly readers: number
  readonly writers: number
  /** Those that begin and end sessions. */
  readonly visitors: number
}

/** The size of a fleet and the subject of its workers. */
export interface FleetOptions extends SubjectUrls, Crew {
  readonly subject: SubjectName
  /** The directory of the ledgers. */
  readonly directory: string
}

const patienceMs = 10_000
const scripts = {
  reader: new URL(import.meta.resolve('./reader.ts')),
  writer: new URL(import.meta.resolve('./writer.ts')),
  visitor: new URL(import.meta.resolve('./visitor.ts')),
}

/** What the worker of a slot does. */
export type WorkerRole = keyof typeof scripts

/** A slot for one worker process: a killed worker is replaced, behind the same proxies. */
export class WorkerSlot {
  readonly name: string
  readonly role: WorkerRole
  /** The way to Redis; the nodes of a cluster are reached without a proxy. */
  readonly redis: FaultProxy | undefined
  readonly postgres: FaultProxy
  /** Only for the connection on which changes arrive; absent where nothing is kept near. */
  readonly near: FaultProxy | undefined
  readonly #options: FleetOptions
  readonly #ledgers: string[] = []
  #child: ChildProcess | undefined
  #isClosing = false
  readonly #nearCounts: NearCounts[] = []
  kills = 0

  constructor(
    name: string,
    options: FleetOptions,
    proxies: {
      redis: FaultProxy | undefined
      postgres: FaultProxy
      near: FaultProxy | undefined
    },
  ) {
    this.name = name
    this.role = name.slice(0, name.indexOf('-')) as WorkerRole
    this.#options = options
    this.redis = proxies.redis
    this.postgres = proxies.postgres
    this.near = proxies.near
  }

  /** Every way to Redis. */
  get ways(): readonly FaultProxy[] {
    return [this.redis, this.near].filter((way) => way !== undefined)
  }

  /** What the near tiers of all workers that ever ran in this slot have done. */
  get nearCounts(): NearCounts {
    return sumOf(this.#nearCounts)
  }

  /** Starts a worker and resolves once it works. */
  async fill(): Promise<void> {
    const ledgerPath = join(this.#options.directory, `${this.name}.${this.#ledgers.length}`)
    const child = forkWorker(scripts[this.role])
    this.#child = child
    this.#ledgers.push(ledgerPath)
    const life = this.#nearCounts.push({}) - 1
    child.on('message', (message) => {
      if (message !== 'ready') this.#nearCounts[life] = message as NearCounts
    })
    child.once('exit', (_, signal) => {
      this.#left(signal)
    })
    const assignment: Assignment = {
      subject: this.#options.subject,
      ledgerPath,
      isMortal: this.role === 'writer',
      redis: this.redis === undefined ? this.#options.redis : { url: this.redis.url },
      postgresUrl: this.postgres.url,
      nearUrl: this.near?.url,
    }
    tell(child, assignment)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }

  /** Kills the worker with SIGKILL. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Stops the worker with SIGSTOP. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  /** Lets a stopped worker go on. */
  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Lets the worker finish its current call and exit, and closes the proxies. */
  async close(): Promise<void> {
    this.#isClosing = true
    const child = this.#child
    if (child?.connected === true) {
      tell(child, 'stop')
      await Promise.race([once(child, 'exit'), setTimeout(patienceMs, undefined, { ref: false })])
    }
    child?.kill('SIGKILL')
    await Promise.all([...this.ways, this.postgres].map((proxy) => proxy.close()))
  }

  /** The notes of all workers that ever ran in this slot. */
  notes(): Notes[] {
    return this.#ledgers
      .filter((path) => existsSync(path))
      .map((path) => readNotes(this.name, path))
  }

  #left(signal: NodeJS.Signals | null): void {
    if (this.#isClosing) return
    if (signal === 'SIGKILL') this.kills += 1
    else process.stderr.write(`${this.name} exited unexpectedly\n`)
    void this.fill()
  }
}
