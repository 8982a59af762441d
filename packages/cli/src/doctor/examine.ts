import { setTimeout as after } from 'node:timers/promises'
import {
  type Clock,
  type Failure,
  type Result,
  type ResultAsync,
  type StoreName,
  within,
} from '@headwater/core'
import { duration } from '../terminal/words.ts'
import { type Examination, Findings } from './check.ts'

/** How one store is examined. */
export interface Examiner {
  readonly store: StoreName
  /** Asks for its version, in one round trip; an empty one where it does not say. */
  readonly greet: (deadlineMs: number) => ResultAsync<string, Failure<string>>
  /** Looks at everything else, and notes what it finds as it goes. */
  readonly look: (findings: Findings) => Promise<void>
}

/** Time for an examination, and where it comes from. */
export interface Patience {
  readonly clock: Clock
  readonly deadlineMs: number
}

/** Share of the deadline after which a store that has not answered counts as down. */
const greetingShare = 0.7
/** What a client that is still connecting says is asked for again, with this pause. */
const againMs = 50

/**
 * Examines a store within the deadline. One that hangs is said to; what it told before is kept.
 * Never rejects.
 */
export async function examine(
  examiner: Examiner,
  { clock, deadlineMs }: Patience,
): Promise<Examination> {
  const { store, greet, look } = examiner
  const startedMs = clock.monotonic()
  const leftMs = (): number => Math.max(1, startedMs + deadlineMs - clock.monotonic())
  const greeted = await greetedWithin(greet, { clock, deadlineMs: deadlineMs * greetingShare })
  if ('error' in greeted)
    return { subject: store, status: 'down', error: greeted.error, checks: [] }
  const findings = new Findings()
  await within(findings.collect({ checks: look(findings) }), leftMs(), () => {
    findings.fail(
      'answers',
      `it greets, but did not answer every question within ${duration(deadlineMs)}`,
      'find out what keeps it busy, or give --deadline more time',
    )
  })
  const { version, latencyMs } = greeted
  const said = version === '' ? {} : { version }
  return { subject: store, status: 'up', latencyMs, ...said, checks: [...findings.checks] }
}

type Greeting =
  { readonly version: string; readonly latencyMs: number } | { readonly error: string }

async function greetedWithin(
  greet: Examiner['greet'],
  { clock, deadlineMs }: Patience,
): Promise<Greeting> {
  const endMs = clock.monotonic() + deadlineMs
  let reason: string | undefined
  const late = (): string => reason ?? `no answer within ${duration(deadlineMs)}`
  for (;;) {
    const askedMs = clock.monotonic()
    const leftMs = Math.max(1, endMs - askedMs)
    const answer = await within(settled(greet(leftMs)), leftMs, late)
    if (typeof answer === 'string') return { error: answer }
    if (answer.isOk()) return { version: answer.value, latencyMs: clock.monotonic() - askedMs }
    const { message, retryable } = answer.error
    // A breaker only repeats that the attempts before it failed.
    if (!/ breaker is open/.test(message)) reason = reasonIn(message)
    if (!retryable || clock.monotonic() + againMs >= endMs)
      return { error: reason ?? reasonIn(message) }
    await after(againMs)
  }
}

/** The report says which store it is about. */
function reasonIn(message: string): string {
  return message.replace(/^\S+ is not available for `[^`]*`: /, '')
}

async function settled<T, E>(result: ResultAsync<T, E>): Promise<Result<T, E>> {
  return result
}
