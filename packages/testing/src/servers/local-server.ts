import { rm } from 'node:fs/promises'
import { GuardedProcess, type GuardedCommand } from './guarded-process.ts'

/** A server process on a fixed port, with the verbs that an outage test needs. */
export interface LocalServer {
  /** Where it serves; the same after every restart. */
  readonly url: string
  /** The port of {@link LocalServer.url} on 127.0.0.1. */
  readonly port: number
  /** The process id of the server's current run. */
  readonly pid: number
  /** Ends the server with SIGKILL, as a crash would. Its data stay for a restart. */
  kill(): Promise<void>
  /** Stops the server in its tracks (SIGSTOP): connections stay open, nothing answers. */
  pause(): Promise<void>
  /** Lets a paused server continue. */
  resume(): Promise<void>
  /** Ends the server for good and removes its data; may be called again. */
  stop(): Promise<void>
}

/** A {@link LocalServer} in terms of the command that starts it on its port. */
export class RestartableServer {
  readonly #spec: GuardedCommand
  #process: GuardedProcess | undefined
  #isKilled = false

  private constructor(spec: GuardedCommand, process: GuardedProcess) {
    this.#spec = spec
    this.#process = process
  }

  /** Starts a server whose directory is removed again if that fails. */
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
   * Ends the current run if it still runs, lets `between` change the data, and starts the server
   * again on its port.
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
