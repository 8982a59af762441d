import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { faultProxy, type FaultProxy } from '@headwater/testing'
import { type Notes, readNotes } from './ledger.ts'
import type { SubjectName, SubjectUrls } from './subject.ts'
import type { Assignment } from './work.ts'

/** Dependencies of a fleet. */
export interface FleetOptions extends SubjectUrls {
  readonly subject: SubjectName
  readonly readers: number
  readonly writers: number
  /** The directory of the ledgers. */
  readonly directory: string
}

const patienceMs = 10_000
const scripts = {
  reader: new URL(import.meta.resolve('./reader.ts')),
  writer: new URL(import.meta.resolve('./writer.ts')),
}

/** A slot for one process: it is refilled when the process is killed, and keeps its proxies. */
export class Berth {
  readonly name: string
  readonly role: 'reader' | 'writer'
  readonly redis: FaultProxy
  readonly postgres: FaultProxy
  readonly #options: FleetOptions
  readonly #ledgers: string[] = []
  #child: ChildProcess | undefined
  #isClosing = false
  kills = 0

  constructor(
    name: string,
    options: FleetOptions,
    proxies: { redis: FaultProxy; postgres: FaultProxy },
  ) {
    this.name = name
    this.role = name.startsWith('reader') ? 'reader' : 'writer'
    this.#options = options
    this.redis = proxies.redis
    this.postgres = proxies.postgres
  }

  /** Starts a process; resolves when it is at work. */
  async fill(): Promise<void> {
    const ledgerPath = join(this.#options.directory, `${this.name}.${this.#ledgers.length}`)
    const child = fork(scripts[this.role], {
      execArgv: ['--conditions=headwater-source', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child = child
    this.#ledgers.push(ledgerPath)
    child.once('exit', (_, signal) => {
      this.#left(signal)
    })
    const assignment: Assignment = {
      subject: this.#options.subject,
      ledgerPath,
      isMortal: this.role === 'writer',
      redisUrl: this.redis.url,
      postgresUrl: this.postgres.url,
    }
    child.send(assignment)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }

  /** Ends its process with SIGKILL. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Lets its process finish its work and closes its proxies. */
  async close(): Promise<void> {
    this.#isClosing = true
    const child = this.#child
    if (child?.connected === true) {
      child.send('stop')
      await Promise.race([once(child, 'exit'), setTimeout(patienceMs, undefined, { ref: false })])
    }
    child?.kill('SIGKILL')
    await Promise.all([this.redis.close(), this.postgres.close()])
  }

  /** The notes of its processes. */
  notes(): Notes[] {
    return this.#ledgers
      .filter((path) => existsSync(path))
      .map((path) => readNotes(this.name, path))
  }

  #left(signal: NodeJS.Signals | null): void {
    if (this.#isClosing) return
    if (signal === 'SIGKILL') this.kills += 1
    else process.stderr.write(`${this.name} ended by itself\n`)
    void this.fill()
  }
}

/** Readers and writers, each a process with proxies of its own. */
export class Fleet {
  readonly berths: readonly Berth[]

  private constructor(berths: readonly Berth[]) {
    this.berths = berths
  }

  /** Starts all of them. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const names = [...numbered('reader', options.readers), ...numbered('writer', options.writers)]
    const berths = await Promise.all(
      names.map(async (name) => {
        const [redis, postgres] = await Promise.all([
          faultProxy(options.redisUrl),
          faultProxy(options.postgresUrl),
        ])
        return new Berth(name, options, { redis, postgres })
      }),
    )
    await Promise.all(berths.map((berth) => berth.fill()))
    return new Fleet(berths)
  }

  get writers(): readonly Berth[] {
    return this.berths.filter(({ role }) => role === 'writer')
  }

  /** Processes that were killed. */
  get kills(): number {
    return this.berths.reduce((sum, { kills }) => sum + kills, 0)
  }

  async close(): Promise<void> {
    await Promise.all(this.berths.map((berth) => berth.close()))
  }

  notes(): Notes[] {
    return this.berths.flatMap((berth) => berth.notes())
  }
}

function numbered(role: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${role}-${index}`)
}
