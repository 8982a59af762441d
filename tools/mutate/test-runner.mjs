import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A mutant that never yields is noticed as well. */
const longestMs = 600_000

const missedDeadline = /timed out|until the time was up/i

/** Runs tests of a copy of the tree, in a process that is replaced when a mutant hangs in it. */
export class TestRunner {
  /** Why tests failed in the last run. */
  messages = []
  #folder
  #child
  #changed = new Set()

  constructor(folder) {
    this.#folder = folder
  }

  /** Says that a source has changed since the last run. */
  invalidate(path) {
    this.#changed.add(path)
  }

  /** Resolves to `survived`, `killed`, or `timedOut` when all that failed is a deadline. */
  async run(tests) {
    const child = (this.#child ??= this.#start())
    child.send({ changed: [...this.#changed], tests })
    this.#changed.clear()
    try {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(longestMs) })
      const [{ isKilled, messages }] = await answer
      this.messages = messages
      if (!isKilled) return 'survived'
      const isLate = messages.length > 0 && messages.every((one) => missedDeadline.test(one))
      return isLate ? 'timedOut' : 'killed'
    } catch {
      this.messages = ['they did not end in time']
      this.stop()
      return 'timedOut'
    }
  }

  /** Ends the process and its workers. */
  stop() {
    if (this.#child !== undefined) process.kill(-this.#child.pid, 'SIGKILL')
    this.#child = undefined
  }

  #start() {
    const script = join(this.#folder, 'tools/mutate/test-process.mjs')
    const child = fork(script, { cwd: this.#folder, detached: true, stdio: 'ignore' })
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
      child.emit('message', { isKilled: true, messages: [] })
    })
    return child
  }
}
