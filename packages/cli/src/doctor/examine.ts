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

/** Share of the deadline after which a store that has not answered is asked once more. */
const greetingShare = 0.7
const busy = 'find out what keeps it busy, or give --deadline more time'
const unfinished = 'it greets, but did not answer every question within'

function late(ms: number): string {
  return `it answered only the second question, after ${duration(ms)}`
}
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
  const findings = new Findings()
  let greeted = await greetedWithin(greet, { clock, deadlineMs: deadlineMs * greetingShare })
  if ('error' in greeted && greeted.isSilent) {
    const again = await greetedWithin(greet, { clock, deadlineMs: leftMs() })
    if (!('error' in again)) findings.doubt('answers', late(clock.monotonic() - startedMs), busy)
    // What is silent a second time has said before how.
    greeted = 'error' in again && again.error === '' ? greeted : again
  }
  if ('error' in greeted) return unanswered(store, { ...greeted, deadlineMs })
  await within(findings.collect({ checks: look(findings) }), leftMs(), () => {
    const open = findings.pending.filter((name) => name !== 'checks').join(', ')
    const which = open === '' ? '' : `: ${open}`
    findings.fail('answers', `${unfinished} ${duration(deadlineMs)}${which}`, busy)
  })
  const { version, latencyMs } = greeted
  const said = version === '' ? {} : { version }
  return { subject: store, status: 'up', latencyMs, ...said, checks: [...findings.checks] }
}

interface Unanswered {
  readonly error: string
  /** Whether it said nothing, rather than refusing. */
  readonly isSilent: boolean
}

type Greeting = { readonly version: string; readonly latencyMs: number } | Unanswered

function unanswered(
  store: StoreName,
  { error, isSilent, deadlineMs }: Unanswered & Pick<Patience, 'deadlineMs'>,
): Examination {
  const silence = isSilent ? ({ isSilent } as const) : {}
  const said = error === '' ? `no answer within ${duration(deadlineMs)}` : error
  return { subject: store, status: 'down', error: said, ...silence, checks: [] }
}

async function greetedWithin(
  greet: Examiner['greet'],
  { clock, deadlineMs }: Patience,
): Promise<Greeting> {
  const endMs = clock.monotonic() + deadlineMs
  let last: Unanswered = { error: '', isSilent: true }
  for (;;) {
    const askedMs = clock.monotonic()
    const leftMs = Math.max(1, endMs - askedMs)
    const answer = await within(settled(greet(leftMs)), leftMs, () => undefined)
    if (answer === undefined) return last
    if (answer.isOk()) return { version: answer.value, latencyMs: clock.monotonic() - askedMs }
    const { message, retryable } = answer.error
    // A breaker only repeats that the attempts before it failed.
    const isNews = last.error === '' || !/ breaker is open/.test(message)
    if (isNews) last = { error: reasonIn(message), isSilent: isSilence(answer.error) }
    if (!retryable || clock.monotonic() + againMs >= endMs) return last
    await after(againMs)
  }
}

/** Where a driver ran out of time itself, it says so in words of its own. */
function isSilence({ type, message }: Failure<string>): boolean {
  return (
    type === 'deadline-exceeded' ||
    /\b(no answer|did not answer|silent|in time|timed? ?out)\b/i.test(message)
  )
}

/** The report says which store it is about. */
function reasonIn(message: string): string {
  return message.replace(/^\S+ is not available for `[^`]*`: /, '')
}

async function settled<T, E>(result: ResultAsync<T, E>): Promise<Result<T, E>> {
  return result
}
