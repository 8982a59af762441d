import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { faultProxy, type FaultProxy } from '@headwater/testing'
import { type Assignment, type Notes, readNotes } from './work.ts'

/** The surroundings that all processes share. */
export type Surroundings = Omit<Assignment, 'name' | 'ledgerPath'> & { readonly directory: string }

const patienceMs = 20_000
const script = new URL(import.meta.resolve('./recorder.ts'))

/** A slot for one process: it is refilled when the process is killed, and keeps its proxies. */
export class Berth {
  readonly mongodb: FaultProxy
  readonly postgres: FaultProxy
  readonly #name: string
  readonly #surroundings: Surroundings
  readonly #ledgers: { readonly name: string; readonly path: string }[] = []
  #child: ChildProcess | undefined
  #filled: Promise<void> = Promise.resolve()
  #isClosing = false
  kills = 0

  private constructor(
    name: string,
    surroundings: Surroundings,
    proxies: { mongodb: FaultProxy; postgres: FaultProxy },
  ) {
    this.#name = name
    this.#surroundings = surroundings
    this.mongodb = proxies.mongodb
    this.postgres = proxies.postgres
  }

  /** Opens a slot and starts its process. */
  static async open(name: string, surroundings: Surroundings): Promise<Berth> {
    const [mongodb, postgres] = await Promise.all([
      faultProxy(surroundings.mongodbUrl),
      faultProxy(surroundings.postgresUrl),
    ])
    const berth = new Berth(name, surroundings, { mongodb, postgres })
    await berth.#fill()
    return berth
  }

  /** Ends its process with SIGKILL. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Lets its process end by itself, after it has written its buffer. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#filled
    const child = this.#child
    if (child?.connected === true) {
      child.send('stop')
      await Promise.race([once(child, 'exit'), setTimeout(patienceMs, undefined, { ref: false })])
    }
    child?.kill('SIGKILL')
    await Promise.all([this.mongodb.close(), this.postgres.close()])
  }

  /** The ledgers of its processes. */
  notes(): Notes[] {
    return this.#ledgers
      .filter(({ path }) => existsSync(path))
      .map(({ name, path }) => readNotes(name, readFileSync(path, 'utf8')))
  }

  async #fill(): Promise<void> {
    const name = `${this.#name}.${this.#ledgers.length}`
    const ledgerPath = join(this.#surroundings.directory, name)
    this.#ledgers.push({ name, path: ledgerPath })
    const child = fork(script, {
      execArgv: ['--conditions=headwater-source', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child = child
    child.once('exit', (_, signal) => {
      this.#left(signal)
    })
    const { postgresUrl: _, mongodbUrl: __, directory: ___, ...others } = this.#surroundings
    const assignment: Assignment = {
      ...others,
      name,
      ledgerPath,
      postgresUrl: this.postgres.url,
      mongodbUrl: this.mongodb.url,
    }
    child.send(assignment)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }

  #left(signal: NodeJS.Signals | null): void {
    if (this.#isClosing) return
    if (signal === 'SIGKILL') this.kills += 1
    else process.stderr.write(`${this.#name} ended by itself\n`)
    this.#filled = this.#fill()
  }
}
