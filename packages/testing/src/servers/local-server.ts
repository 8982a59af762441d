import { rm } from 'node:fs/promises'
import { GuardedProcess, type GuardedCommand } from './guarded-process.ts'

/** A server process on a fixed port, with the verbs that an outage test needs. */
export interface LocalServer {
  /** The URL of the server, the same after every restart. */
  readonly url: string
  /** The port of {@link LocalServer.url} on 127.0.0.1. */
  readonly port: number
  /** The process id of the server's current run. */
  readonly pid: number
  /** Kills the server with SIGKILL, as a crash does. Its data survive for a restart. */
  kill(): Promise<void>
  /** Suspends the server with SIGSTOP: connections stay open, but nothing answers. */
  pause(): Promise<void>
  /** Resumes a paused server. */
  resume(): Promise<void>
  /** Stops the server and removes its data. Idempotent. */
  stop(): Promise<void>
}

/** A {@link LocalServer} that restarts by running its command again. */
export class RestartableServer {
  readonly #spec: GuardedCommand
  #process: GuardedProcess | undefined
  #isKilled = false

  private constructor(spec: GuardedCommand, process: GuardedProcess) {
    this.#spec = spec
    this.#process = process
  }

  /** Starts a server, and removes its directory when the start fails. */
  static async start(spec: GuardedCommand): Promise<RestartableServer> {
    try {
      return new RestartableServer(spec, await GuardedProcess.start(spec))
    } catch (error) {
      await removeDirectory(spec)
      throw error
    }
  }

  get pid(): number {
    return this.#running().pid
  }

  get isKilled(): boolean {
    return this.#isKilled
  }

  async kill(): Promise<void> {
    this.#isKilled = true
    await this.#running().kill()
  }

  async pause(): Promise<void> {
    await this.#running().pause()
  }

  async resume(): Promise<void> {
    await this.#running().resume()
  }

  /**
   * Stops the server if it runs, lets `between` change the data, and starts the server again on its
   * port.
   */
  async restart(between: () => Promise<void> = async () => undefined): Promise<void> {
    await this.#running().end({ keepDir: true })
    await between()
    this.#process = await GuardedProcess.start(this.#spec)
    this.#isKilled = false
  }

  async stop(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (!process) return
    await process.end()
    await removeDirectory(this.#spec)
  }

  #running(): GuardedProcess {
    if (!this.#process) throw new Error('This server was stopped')
    return this.#process
  }
}

async function removeDirectory({ dir, keepDir }: GuardedCommand): Promise<void> {
  if (!keepDir) await rm(dir, { recursive: true, force: true })
}
