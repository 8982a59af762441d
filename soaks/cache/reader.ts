import { setTimeout } from 'node:timers/promises'
import { between } from '../run/chance.ts'
import { Ledger, nowNs } from './ledger.ts'
import { Peeks } from './near/peeks.ts'
import { openSubject } from './open-subject.ts'
import { rowCount } from './rows.ts'
import type { Subject } from './subject.ts'
import { work } from './work.ts'

const callers = 120
/** Fewer, because most reads are of what is kept near. */
const callersBesidePeeks = 30
const longestPauseMs = 20
const longestPeekPauseMs = 4
const longestWarmUpMs = 20_000
const longestRestMs = 8_000

/** Callers that read with short pauses; one read in eight asks for three keys together. */
class Reader {
  readonly #subject: Subject
  readonly #ledger: Ledger
  readonly #warm = Promise.withResolvers<void>()
  #isStopped = false

  constructor(subject: Subject, ledger: Ledger) {
    this.#subject = subject
    this.#ledger = ledger
  }

  async run(): Promise<void> {
    const length = this.#subject.peek === undefined ? callers : callersBesidePeeks
    await Promise.all([this.#burden(), this.#peek(), ...Array.from({ length }, () => this.#call())])
    this.#ledger.close()
  }

  /** Resolves once something is kept near, where the subject does. */
  get isWarm(): Promise<void> {
    return this.#warm.promise
  }

  stop(): void {
    this.#isStopped = true
  }

  async #call(): Promise<void> {
    while (!this.#isStopped) {
      const key = Math.floor(Math.random() * rowCount)
      await (Math.random() < 0.125 ? this.#readSome(key) : this.#readOne(key))
      await setTimeout(Math.random() * longestPauseMs)
    }
  }

  /** One caller's big batches, which must not be an outage for the others. */
  async #burden(): Promise<void> {
    while (!this.#isStopped) {
      await setTimeout(between(1_000, longestRestMs))
      await this.#subject.readBig?.()
    }
  }

  /** Reads what is kept near. */
  async #peek(): Promise<void> {
    const peeks = Peeks.of(this.#subject, this.#ledger)
    if (peeks === undefined) {
      this.#warm.resolve()
      return
    }
    while (!this.#isStopped) {
      if (peeks.burst()) this.#warm.resolve()
      await setTimeout(Math.random() * longestPeekPauseMs)
    }
    peeks.flush()
  }

  async #readOne(key: number): Promise<void> {
    const beganAt = nowNs()
    try {
      this.#ledger.note('read', key, await this.#subject.read(key), { beganAt })
    } catch {
      this.#ledger.note('failed', key, 0, { beganAt })
    }
  }

  async #readSome(first: number): Promise<void> {
    const keys = [0, 1, 5].map((step) => (first + step) % rowCount)
    const beganAt = nowNs()
    try {
      const found = await this.#subject.readMany(keys)
      const endedAt = nowNs()
      for (const key of keys)
        this.#ledger.note('read', key, found.get(key) ?? 0, { beganAt, endedAt })
    } catch {
      this.#ledger.note('failed', first, 0, { beganAt })
    }
  }
}

await work(async ({ subject, ledgerPath, ...urls }) => {
  const opened = await openSubject(subject, urls)
  const reader = new Reader(opened, new Ledger(ledgerPath, 1_000))
  const running = reader.run()
  await Promise.race([reader.isWarm, setTimeout(longestWarmUpMs, undefined, { ref: false })])
  return {
    nearCounts: opened.nearCounts,
    stop: async () => {
      reader.stop()
      await running
    },
  }
})
