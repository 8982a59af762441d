import type { StoreName } from '@headwater/core'
import type { CheckName } from './check-names.ts'

/** One thing that was looked at. */
export interface Check {
  /** Names it. */
  readonly name: CheckName
  /** `unknown`: the store did not say. */
  readonly status: 'ok' | 'warning' | 'failed' | 'unknown'
  /** What was found. */
  readonly message: string
  /** What mends it. */
  readonly fix?: string
  /** Whether it may be nothing: it was not answered, or only late. */
  readonly isDoubtful?: true
  /** Address of the page that says more of a finding. */
  readonly runbook?: string
}

/** What was found of one store, or of the process that runs the command. */
export interface Examination {
  /** The store, or `process`. */
  readonly subject: StoreName | 'process'
  /** Whether it answered; `slow`: not in time, and neither was anything else. */
  readonly status: 'up' | 'slow' | 'down'
  /** Time of one round trip, in milliseconds; absent when there was no answer. */
  readonly latencyMs?: number
  /** Version of the server, as it says. */
  readonly version?: string
  /** Why there was no answer. */
  readonly error?: string
  /** Whether it said nothing, rather than refusing. */
  readonly isSilent?: true
  /** Address of the page that says more of a store that did not answer. */
  readonly runbook?: string
  readonly checks: readonly Check[]
}

/** Collects checks. What was found before a store fell silent is kept. */
export class Findings {
  readonly checks: Check[] = []
  readonly #pending = new Set<CheckName>()

  /** The checks that are waited for. */
  get pending(): readonly CheckName[] {
    return [...this.#pending]
  }

  ok(name: CheckName, message: string): void {
    this.checks.push({ name, status: 'ok', message })
  }

  warn(name: CheckName, message: string, fix: string): void {
    this.checks.push({ name, status: 'warning', message, fix })
  }

  fail(name: CheckName, message: string, fix: string): void {
    this.checks.push({ name, status: 'failed', message, fix })
  }

  /** What the store does not say, and need not. */
  unknown(name: CheckName, message: string): void {
    this.checks.push({ name, status: 'unknown', message })
  }

  /** What should have been answered: nothing is known to be in order. */
  unanswered(name: CheckName, message: string): void {
    this.doubt(name, `could not be checked: ${message}`, 'mend what it says, and look again')
  }

  /** What may be nothing. */
  doubt(name: CheckName, message: string, fix: string): void {
    this.checks.push({ name, status: 'warning', message, fix, isDoubtful: true })
  }

  /** Waits for checks by their names; one that rejects takes none of the others away. */
  async collect(checks: Readonly<Partial<Record<CheckName, Promise<void>>>>): Promise<void> {
    const named = Object.entries(checks) as [CheckName, Promise<void>][]
    await Promise.all(
      named.map(async ([name, check]) => {
        this.#pending.add(name)
        await check.catch((error: unknown) => {
          this.unanswered(name, error instanceof Error ? error.message : String(error))
        })
        this.#pending.delete(name)
      }),
    )
  }
}

/** The worst of all examinations. */
export function worstOf(examinations: readonly Examination[]): 'ok' | 'warning' | 'failed' {
  if (examinations.some(({ status }) => status === 'down')) return 'failed'
  const statuses = examinations.flatMap(({ checks }) => checks.map(({ status }) => status))
  if (statuses.includes('failed')) return 'failed'
  if (examinations.some(({ status }) => status === 'slow')) return 'warning'
  return statuses.includes('warning') ? 'warning' : 'ok'
}
