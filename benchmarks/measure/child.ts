import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A process that answers each message with one message. */
export class Child {
  readonly #process: ChildProcess

  /** Starts it; unless Node.js gets other options, on the sources of the packages. */
  constructor(script: URL, nodeOptions: readonly string[] = ['--conditions=headwater-source']) {
    this.#process = fork(script, { execArgv: [...nodeOptions] })
  }

  /** Sends a message and resolves with the answer; rejects when the process ends instead. */
  async ask<Answer>(message: object): Promise<Answer> {
    const heard = new AbortController()
    const { signal } = heard
    const ended = once(this.#process, 'exit', { signal }).then(() => {
      throw new Error(`${this.#process.spawnargs.at(-1) ?? 'a process'} has ended`)
    })
    ended.catch(() => undefined)
    this.#process.send(message)
    const [answer] = (await Promise.race([once(this.#process, 'message', { signal }), ended])) as [
      Answer,
    ]
    heard.abort()
    return answer
  }

  /** Kills it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}
