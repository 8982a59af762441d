import { setTimeout } from 'node:timers/promises'
import { Pool } from 'pg'
import { Ledger, nowNs } from './ledger.ts'
import { openSubject } from './open-subject.ts'
import type { SubjectSessions } from './subject.ts'
import { newUser, someVisits, tellEnd, tellOf, type Visit } from './visits.ts'
import { work } from './work.ts'

/** Many, so that some of their sessions are among what a master loses. */
const guests = 20
const longestVisitMs = 2_000
const lookEveryMs = 50
const troubledMs = 200

/**
 * Begins and ends sessions, and looks for those of every process. A session is a row of two
 * versions, of which the second is that it has ended: to find it later is a stale read.
 */
class Visitor {
  readonly #sessions: SubjectSessions
  readonly #ledger: Ledger
  readonly #sql: Pool
  #isStopped = false

  constructor(sessions: SubjectSessions, ledger: Ledger, sql: Pool) {
    this.#sessions = sessions
    this.#ledger = ledger
    this.#sql = sql
  }

  async run(): Promise<void> {
    await Promise.all([
      this.#repeat(() => this.#look()),
      ...Array.from({ length: guests }, () => this.#repeat(() => this.#visit())),
    ])
    this.#ledger.close()
    await this.#sql.end()
  }

  stop(): void {
    this.#isStopped = true
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) await step().catch(() => setTimeout(troubledMs))
  }

  async #visit(): Promise<void> {
    const id = await newUser(this.#sql)
    const token = await this.#sessions.begin(id)
    await tellOf(this.#sql, id, token)
    await setTimeout(Math.random() * longestVisitMs)
    const beganAt = nowNs()
    this.#ledger.note('updated', id, endOf(id), { beganAt })
    try {
      await this.#sessions.end(id, token)
    } catch {
      this.#ledger.note('failed', id, endOf(id), { beganAt })
      return
    }
    this.#ledger.note('committed', id, endOf(id), { beganAt })
    await tellEnd(this.#sql, id)
  }

  async #look(): Promise<void> {
    const visits = await someVisits(this.#sql)
    await Promise.all(visits.map((visit) => this.#find(visit)))
    await setTimeout(lookEveryMs)
  }

  /** A session that is missing before its end says nothing: Redis may have lost it. */
  async #find({ id, token, hasEnded }: Visit): Promise<void> {
    const beganAt = nowNs()
    try {
      const isFound = await this.#sessions.isFound(token)
      if (isFound || hasEnded)
        this.#ledger.note('read', id, isFound ? beginningOf(id) : endOf(id), { beganAt })
    } catch {
      this.#ledger.note('failed', id, 0, { beganAt })
    }
  }
}

function beginningOf(id: number): number {
  return id * 2
}

function endOf(id: number): number {
  return id * 2 + 1
}

await work(async ({ subject, ledgerPath, ...urls }) => {
  const { sessions } = await openSubject(subject, urls)
  if (sessions === undefined) throw new TypeError(`${subject} is soaked without sessions`)
  const sql = new Pool({ connectionString: urls.postgresUrl, max: 6 }).on('error', () => undefined)
  const visitor = new Visitor(sessions, new Ledger(ledgerPath, 1), sql)
  const running = visitor.run()
  return {
    nearCounts: undefined,
    stop: async () => {
      visitor.stop()
      await running
    },
  }
})
