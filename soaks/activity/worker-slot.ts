import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { faultProxy, type FaultProxy } from '@headwater/testing'
import { forkWorker, tell } from '../run/fork-worker.ts'
import { type Assignment, type Notes, readNotes } from './work.ts'

/** The part of an assignment that all workers share. */
export type SharedAssignment = Omit<Assignment, 'name' | 'ledgerPath'> & {
  readonly directory: string
}

const patienceMs = 20_000
const script = new URL(import.meta.resolve('./recorder.ts'))

/** A slot for one worker process: a killed worker is replaced, behind the same proxies. */
export class WorkerSlot {
  readonly mongodb: FaultProxy
  readonly postgres: FaultProxy
  readonly #name: string
  readonly #shared: SharedAssignment
  readonly #ledgers: { readonly name: string; readonly path: string }[] = []
  #child: ChildProcess | undefined
  #filled: Promise<void> = Promise.resolve()
  #isClosing = false
  kills = 0

  private constructor(
    name: string,
    shared: SharedAssignment,
    proxies: { mongodb: FaultProxy; postgres: FaultProxy },
  ) {
    this.#name = name
    this.#shared = shared
    this.mongodb = proxies.mongodb
    this.postgres = proxies.postgres
  }

  /** Opens the proxies and starts the first worker. */
  static async open(name: string, shared: SharedAssignment): Promise<WorkerSlot> {
    const [mongodb, postgres] = await Promise.all([
      faultProxy(shared.mongodbUrl),
      faultProxy(shared.postgresUrl),
    ])
    const slot = new WorkerSlot(name, shared, { mongodb, postgres })
    await slot.#fill()
    return slot
  }

  /** Kills the worker with SIGKILL. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Lets the worker write its buffer and exit, and closes the proxies. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#filled
    const child = this.#child
    if (child?.connected === true) {
      tell(child, 'stop')
      await Promise.race([once(child, 'exit'), setTimeout(patienceMs, undefined, { ref: false })])
    }
    child?.kill('SIGKILL')
    await Promise.all([this.mongodb.close(), this.postgres.close()])
  }

  /** The notes of all workers that ever ran in this slot. */
  notes(): Notes[] {
    return this.#ledgers
      .filter(({ path }) => existsSync(path))
      .map(({ name, path }) => readNotes(name, readFileSync(path, 'utf8')))
  }

  async #fill(): Promise<void> {
    const name = `${this.#name}.${this.#ledgers.length}`
    const ledgerPath = join(this.#shared.directory, name)
    this.#ledgers.push({ name, path: ledgerPath })
    const child = forkWorker(script)
    this.#child = child
    child.once('exit', (_, signal) => {
      this.#left(signal)
    })
    const { postgresUrl: _, mongodbUrl: __, directory: ___, ...others } = this.#shared
    const assignment: Assignment = {
      ...others,
      name,
      ledgerPath,
      postgresUrl: this.postgres.url,
      mongodbUrl: this.mongodb.url,
    }
    tell(child, assignment)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }

  #left(signal: NodeJS.Signals | null): void {
    if (this.#isClosing) return
    if (signal === 'SIGKILL') this.kills += 1
    else process.stderr.write(`${this.#name} exited unexpectedly\n`)
    this.#filled = this.#fill()
  }
}
