import * as z from 'zod/mini'
import { errAsync, ok, once, outbox, storableText } from '@headwater/core'
import type {
  DeadLetterMatch,
  DeadLetters,
  Failure,
  ParkedEvents,
  PostgresStore,
  ResultAsync,
  SqlError,
} from '@headwater/core'
import { action, count, type Action, type Deed } from '../action.ts'

const mostSelected = 1_000
/** Events that one action changes: more of them would hold their rows for long. */
const mostAtOnce = 5_000

/** Dead letters of a sink: all, those of a fingerprint, or single ones. */
const selection = once(() =>
  z.strictObject({
    sink: storableText(255),
    fingerprint: z.optional(storableText(255)),
    eventIds: z.optional(
      z.array(storableText(255)).check(z.minLength(1), z.maxLength(mostSelected)),
    ),
  }),
)
/** Refused where there are more by now than the operator was shown. */
const discarded = once(() =>
  z.strictObject({ ...selection().shape, atMost: z.optional(z.int().check(z.minimum(1))) }),
)
/** Waiting events of one kind; those that were not tried by themselves yet have no fingerprint. */
const waiting = once(() =>
  z.strictObject({ sink: storableText(255), fingerprint: z.string().check(z.maxLength(255)) }),
)
const waitingDiscarded = once(() =>
  z.strictObject({ ...waiting().shape, atMost: z.int().check(z.minimum(1)) }),
)

/** What can be done about the events that a sink could not take, many at once. */
export function groupActions(postgres: PostgresStore): Readonly<Record<string, Action>> {
  const { deadLetters, parked } = outbox({ postgres })
  return {
    'outbox/replay': action(selection(), (input) => {
      const match = matchOf(input)
      return deadLetters
        .replay({ ...match, limit: mostAtOnce })
        .andThen((number) => told('replayed', number, () => deadLetters.summary(match)))
    }),
    'outbox/discard': action(discarded(), ({ atMost, ...input }) =>
      dropped({ events: deadLetters, match: matchOf(input), atMost }),
    ),
    'outbox/try': action(waiting(), (match) =>
      parked.retry({ ...match, limit: mostAtOnce }).map((number): Deed => ({
        outcome: `asked for ${count(number, 'event')} to be tried now`,
      })),
    ),
    'outbox/discard-waiting': action(waitingDiscarded(), ({ atMost, ...match }) =>
      dropped({ events: parked, match, atMost }),
    ),
  }
}

interface Dropping {
  readonly events: Pick<DeadLetters | ParkedEvents, 'summary' | 'discard'>
  readonly match: DeadLetterMatch
  readonly atMost: number | undefined
}

/** What is dropped is gone for good: no more of it than the operator has agreed to. */
function dropped({
  events,
  match,
  atMost = Infinity,
}: Dropping): ResultAsync<Deed, SqlError | Failure<'changed-meanwhile'>> {
  return events.summary(match).andThen((groups) => {
    const found = total(groups)
    return found > atMost
      ? errAsync(changedMeanwhile(found))
      : events
          .discard({ ...match, limit: Math.min(atMost, mostAtOnce) })
          .andThen((number) => told('discarded', number, () => events.summary(match)))
  })
}

/** What was done is said, also where it is not known how many are left. */
function told(
  done: string,
  number: number,
  left: () => ResultAsync<readonly { readonly count: number }[], SqlError>,
): ResultAsync<Deed, SqlError> {
  const outcome = `${done} ${count(number, 'event')}`
  return left()
    .map((groups) => ({ outcome: `${outcome}${remaining(total(groups))}` }))
    .orElse(() => ok({ outcome: `${outcome}; how many are left is not known` }))
}

function remaining(number: number): string {
  return number === 0 ? '' : `, ${number} left`
}

function total(groups: readonly { readonly count: number }[]): number {
  return groups.reduce((sum, group) => sum + group.count, 0)
}

function changedMeanwhile(found: number): Failure<'changed-meanwhile'> {
  const message = `nothing was discarded: there are ${count(found, 'event')} by now`
  return { type: 'changed-meanwhile', message, retryable: false }
}

/** A match without the fields that are not given. */
export function matchOf(input: {
  readonly sink: string | undefined
  readonly fingerprint?: string | undefined
  readonly eventIds?: readonly string[] | undefined
}): DeadLetterMatch {
  const given = Object.entries(input).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given)
}
