import { setImmediate, setTimeout } from 'node:timers/promises'
import { Ledger, nowNs } from './ledger.ts'
import { Peeks } from './near/peeks.ts'
import { openSubject } from './open-subject.ts'
import { rowCount } from './rows.ts'
import type { Subject } from './subject.ts'
import { type Assignment, work } from './work.ts'

const longestPauseMs = 30
const rollbackShare = 0.1
const mostStepsBeforeDeath = 16

/** Kills its process at a random step of a random write. */
class Fate {
  #writesLeft: number
  #stepsLeft = Infinity

  constructor(isMortal: boolean) {
    this.#writesLeft = isMortal ? 5 + Math.floor(Math.random() * 150) : Infinity
  }

  writeBegins(): void {
    this.#writesLeft -= 1
    if (this.#writesLeft === 0) this.#stepsLeft = Math.floor(Math.random() * mostStepsBeforeDeath)
  }

  /** Kills half of the time one turn later, once the step has sent its next message. */
  step(): void {
    this.#stepsLeft -= 1
    if (this.#stepsLeft > 0) return
    if (Math.random() < 0.5) die()
    else void setImmediate().then(die)
  }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Writes one row after the other and reads each after its write. */
class Writer {
  readonly #subject: Subject
  readonly #ledger: Ledger
  readonly #fate: Fate
  readonly #peeks: Peeks | undefined
  #isStopped = false

  constructor(subject: Subject, { ledgerPath, isMortal }: Assignment) {
    this.#subject = subject
    this.#ledger = new Ledger(ledgerPath, 1)
    this.#fate = new Fate(isMortal)
    this.#peeks = Peeks.of(subject, this.#ledger)
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const key = Math.floor(Math.random() * rowCount)
      await this.#write(key)
      this.#peeks?.burst()
      await this.#read(key)
      await setTimeout(Math.random() * longestPauseMs)
    }
    this.#ledger.close()
  }

  stop(): void {
    this.#isStopped = true
  }

  async #write(key: number): Promise<void> {
    const beganAt = nowNs()
    let version = 0
    this.#fate.writeBegins()
    try {
      const outcome = await this.#subject.write({
        key,
        isRollback: Math.random() < rollbackShare,
        step: () => {
          this.#fate.step()
        },
        updated: (raised) => {
          version = raised
          this.#ledger.note('updated', key, version, { beganAt })
        },
        degraded: () => {
          this.#ledger.note('degraded', key, version)
        },
      })
      this.#ledger.note(outcome, key, version, { beganAt })
    } catch {
      this.#ledger.note('failed', key, version, { beganAt })
    }
  }

  async #read(key: number): Promise<void> {
    const beganAt = nowNs()
    try {
      this.#ledger.note('read', key, await this.#subject.read(key), { beganAt })
    } catch {
      this.#ledger.note('failed', key, 0, { beganAt })
    }
  }
}

await work(async (assignment) => {
  const subject = await openSubject(assignment.subject, assignment)
  const writer = new Writer(subject, assignment)
  const running = writer.run()
  return {
    nearCounts: subject.nearCounts,
    stop: async () => {
      writer.stop()
      await running
    },
  }
})
