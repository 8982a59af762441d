import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as after } from 'node:timers/promises'
import { guardScript } from './guard-script.ts'
import { processTree, signalAll } from './process-tree.ts'

/** A server to run. */
export interface GuardedCommand {
  /** The name of the server in messages. */
  name: string
  command: string
  args: readonly string[]
  /** The working directory, removed when the server stops. */
  dir: string
  /** Matches the line of output by which the server says that it accepts connections. */
  ready: RegExp
  /** The user to run as, by default the user of this process. */
  user?: { uid: number; gid: number } | undefined
  /** Whether to keep the directory, because it belongs to the caller. */
  keepDir?: boolean | undefined
}

type Guard = ChildProcessByStdio<Writable, Readable, Readable>

const startTimeoutMs = 60_000
const stopTimeoutMs = 5_000
const keptLines = 40

/**
 * One run of a server process, which ends with this process even when this process is killed. It
 * never keeps this process alive.
 */
export class GuardedProcess {
  readonly #guard: Guard
  readonly #spec: GuardedCommand
  readonly #gone: Promise<unknown>
  readonly #exited: Promise<unknown>
  readonly #lines: string[] = []
  #pid = 0

  private constructor(spec: GuardedCommand) {
    this.#spec = spec
    this.#guard = spawnGuard(spec)
    this.#gone = Promise.all([ended(this.#guard.stdout), ended(this.#guard.stderr)])
    this.#exited = new Promise((resolve) =>
      this.#guard.once('exit', resolve).once('error', resolve),
    )
    this.#guard.stdin.on('error', () => undefined)
  }

  /**
   * Starts the server and resolves once it says that it is ready.
   *
   * @throws Error with the server's last lines when it ends instead, or is not ready after a
   *   minute.
   */
  static async start(spec: GuardedCommand): Promise<GuardedProcess> {
    const started = new GuardedProcess(spec)
    try {
      await started.#untilReady()
    } catch (error) {
      await started.end({ keepDir: true })
      throw error
    }
    started.#keepsAlive(false)
    return started
  }

  get pid(): number {
    return this.#pid
  }

  /**
   * Stops the server, by SIGKILL after five seconds, and removes its directory unless `keepDir` is
   * set.
   */
  async end({ keepDir = this.#spec.keepDir ?? false }: { keepDir?: boolean } = {}): Promise<void> {
    this.#keepsAlive(true)
    this.#guard.stdin.end(keepDir ? 'keep\n' : 'stop\n')
    const waiting = new AbortController()
    const late = after(stopTimeoutMs, 'late', { signal: waiting.signal }).catch(() => 'ended')
    if ((await Promise.race([this.#exited, late])) === 'late') await this.#signal('SIGKILL')
    waiting.abort()
    await this.#exited
  }

  /**
   * Kills the server and its children with SIGKILL and resolves once they are gone. The directory
   * stays.
   */
  async kill(): Promise<void> {
    this.#keepsAlive(true)
    await this.#signal('SIGKILL')
    await this.#gone
    this.#keepsAlive(false)
  }

  /** Suspends the server and its children: connections stay open, but nothing answers. */
  async pause(): Promise<void> {
    await this.#signal('SIGSTOP')
  }

  /** Resumes the server after {@link GuardedProcess.pause}. */
  async resume(): Promise<void> {
    await this.#signal('SIGCONT')
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    if (this.#pid === 0) return
    // A stopped parent starts no further child that the list would miss, and a live one keeps its
    // children listed.
    if (signal !== 'SIGCONT') signalAll([this.#pid], 'SIGSTOP')
    signalAll(await processTree(this.#pid), signal)
  }

  async #untilReady(): Promise<void> {
    const waiting = new AbortController()
    try {
      await Promise.race([
        this.#sayReady(),
        this.#gone.then(() => this.#fail('ended before it was ready')),
        once(this.#guard, 'error').then(([error]) => this.#fail(String(error))),
        after(startTimeoutMs, undefined, { signal: waiting.signal }).then(() =>
          this.#fail('was not ready in time'),
        ),
      ])
    } finally {
      waiting.abort()
    }
  }

  #sayReady(): Promise<void> {
    return new Promise((resolve) => {
      const read = (line: string) => {
        const pid = /^guard-pid (\d+)$/.exec(line)?.[1]
        if (pid) this.#pid = Number(pid)
        else this.#lines.push(line)
        if (this.#lines.length > keptLines) this.#lines.shift()
        if (this.#spec.ready.test(line)) resolve()
      }
      eachLine(this.#guard.stdout, read)
      eachLine(this.#guard.stderr, read)
    })
  }

  #fail(what: string): never {
    throw new Error(`${this.#spec.name} ${what}:\n${this.#lines.join('\n')}`)
  }

  #keepsAlive(does: boolean): void {
    const verb = does ? 'ref' : 'unref'
    this.#guard[verb]()
    for (const stream of [this.#guard.stdin, this.#guard.stdout, this.#guard.stderr]) {
      if (stream instanceof Socket) stream[verb]()
    }
  }
}

function spawnGuard({ dir, command, args, user, keepDir }: GuardedCommand): Guard {
  return spawn('sh', ['-c', guardScript, 'sh', keepDir ? '' : dir, command, ...args], {
    cwd: dir,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...user,
  })
}

function ended(stream: Readable): Promise<void> {
  return finished(stream).catch(() => undefined)
}

function eachLine(stream: Readable, read: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(read)
  })
}
