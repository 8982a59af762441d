import type { StoreName } from '@headwater/core'

/** One thing that was looked at. */
export interface Check {
  /** Names it; the same in every version. */
  readonly name: string
  /** `unknown`: the store did not say. */
  readonly status: 'ok' | 'warning' | 'failed' | 'unknown'
  /** What was found. */
  readonly message: string
  /** What mends it. */
  readonly fix?: string
}

/** What was found of one store, or of the process that runs the command. */
export interface Examination {
  /** The store, or `process`. */
  readonly subject: StoreName | 'process'
  /** Whether it answered. */
  readonly status: 'up' | 'down'
  /** Time of one round trip, in milliseconds; absent when there was no answer. */
  readonly latencyMs?: number
  /** Version of the server, as it says. */
  readonly version?: string
  /** Why there was no answer. */
  readonly error?: string
  readonly checks: readonly Check[]
}

/** Collects checks. What was found before a store fell silent is kept. */
export class Findings {
  readonly checks: Check[] = []

  ok(name: string, message: string): void {
    this.checks.push({ name, status: 'ok', message })
  }

  warn(name: string, message: string, fix: string): void {
    this.checks.push({ name, status: 'warning', message, fix })
  }

  fail(name: string, message: string, fix: string): void {
    this.checks.push({ name, status: 'failed', message, fix })
  }

  /** What the store does not say, and need not. */
  unknown(name: string, message: string): void {
    this.checks.push({ name, status: 'unknown', message })
  }

  /** What should have been answered: nothing is known to be in order. */
  unanswered(name: string, message: string): void {
    this.warn(name, `could not be checked: ${message}`, 'mend what it says, and look again')
  }

  /** Waits for checks by their names; one that rejects takes none of the others away. */
  async collect(checks: Readonly<Record<string, Promise<void>>>): Promise<void> {
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) =>
        check.catch((error: unknown) => {
          this.unanswered(name, error instanceof Error ? error.message : String(error))
        }),
      ),
    )
  }
}

/** The worst of all examinations. */
export function worstOf(examinations: readonly Examination[]): 'ok' | 'warning' | 'failed' {
  if (examinations.some(({ status }) => status === 'down')) return 'failed'
  const statuses = examinations.flatMap(({ checks }) => checks.map(({ status }) => status))
  if (statuses.includes('failed')) return 'failed'
  return statuses.includes('warning') ? 'warning' : 'ok'
}
