import * as z from 'zod/mini'
import { err, errAsync, notFound, ok, once, outbox, storableText } from '@headwater/core'
import type {
  DeadLetter,
  DeadLetterMatch,
  DeadLetters,
  Failure,
  OutboxStatus,
  ResultAsync,
  SqlError,
} from '@headwater/core'
import { action, count, type Deed } from '../action.ts'
import type {
  Letter,
  LetterGroup,
  OutboxScreen,
  ShardState,
  SinkState,
} from '../contract/screens.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'
import { selectShards } from './outbox-queries.ts'
import { lagsOf } from './overview.ts'
import { payloadShape } from './payload-shape.ts'

/** Each is read with its whole payload. */
const lettersShown = 20
const mostSelected = 1_000

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
  z.strictObject({
    ...selection().shape,
    atMost: z.optional(z.int().check(z.minimum(1))),
  }),
)
const letterId = once(() => z.strictObject({ sink: storableText(255), eventId: storableText(255) }))

/** Sinks, shards, dead letters; replay and discard. */
export function outboxScreen(deps: ScreenDeps): Screen {
  const { deadLetters } = outbox({ postgres: deps.acting })
  return {
    name: 'outbox',
    views: {
      outbox: async () => ok(await outboxView(deps)),
      'outbox/letters': (query) => letters(deps, query),
    },
    actions: {
      'outbox/replay': action(selection(), (input) =>
        deadLetters.replay(matchOf(input)).map((number) => ({
          outcome: `replayed ${count(number, 'event')}`,
        })),
      ),
      'outbox/discard': action(discarded(), ({ atMost, ...input }) =>
        discard(deadLetters, matchOf(input), atMost),
      ),
      'outbox/reveal': action(letterId(), ({ sink, eventId }) =>
        deadLetters
          .list({ sink, eventIds: [eventId], limit: 1 })
          .andThen(([letter]) =>
            letter === undefined
              ? err(notFound('dead letter', eventId))
              : ok({ outcome: 'revealed its payload', data: letter.payload }),
          ),
      ),
    },
  }
}

/** What is dropped is gone for good: no more of it than the operator has agreed to. */
function discard(
  deadLetters: DeadLetters,
  match: DeadLetterMatch,
  atMost = Infinity,
): ResultAsync<Deed, SqlError | Failure<'changed-meanwhile'>> {
  return deadLetters.summary(match).andThen((groups) => {
    const found = groups.reduce((sum, group) => sum + group.count, 0)
    return found > atMost
      ? errAsync(changedMeanwhile(found))
      : deadLetters
          .discard(match)
          .map((number) => ({ outcome: `discarded ${count(number, 'event')}` }))
  })
}

function changedMeanwhile(found: number): Failure<'changed-meanwhile'> {
  const message = `nothing was discarded: there are ${count(found, 'event')} by now`
  return { type: 'changed-meanwhile', message, retryable: false }
}

async function outboxView({ reading, figures }: ScreenDeps): Promise<OutboxScreen> {
  const operated = outbox({ postgres: reading })
  const [state, shards, groups] = await Promise.all([
    section(() =>
      operated.status().map((answer) => {
        figures.noteLag(lagsOf(answer))
        return stateOf(answer)
      }),
    ),
    section(() => reading.query<ShardState>(selectShards).map(({ rows }) => rows)),
    section(() =>
      operated.deadLetters.summary().map((all) =>
        all.map(({ firstAt, lastAt, ...group }): LetterGroup => ({
          ...group,
          firstAt: firstAt.getTime(),
          lastAt: lastAt.getTime(),
        })),
      ),
    ),
  ])
  return { status: state, shards, groups }
}

function letters(
  { reading }: ScreenDeps,
  query: URLSearchParams,
): ResultAsync<readonly Letter[], SqlError> {
  const { deadLetters } = outbox({ postgres: reading })
  const match = {
    sink: query.get('sink') ?? undefined,
    fingerprint: query.get('fingerprint') ?? undefined,
  }
  return deadLetters
    .list({ ...matchOf(match), limit: lettersShown })
    .map((found) => found.map(letterOf))
}

/** A match without the fields that are not given. */
function matchOf(input: {
  readonly sink: string | undefined
  readonly fingerprint?: string | undefined
  readonly eventIds?: readonly string[] | undefined
}): DeadLetterMatch {
  const given = Object.entries(input).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given)
}

function letterOf({ payload, fingerprint: _, failedAt, ...letter }: DeadLetter): Letter {
  return { ...letter, failedAt: failedAt.getTime(), shape: payloadShape(payload) }
}

type State = Extract<OutboxScreen['status'], { readonly isAvailable: true }>['data']

function stateOf({ sinks, tickAgeMs, logBytes, oldestSnapshot }: OutboxStatus): State {
  return {
    sinks: sinks.map(({ oldestAt: _, owners, ...sink }): SinkState => ({
      ...sink,
      owners: owners.map(({ fence, ...owner }) => ({ ...owner, fence: String(fence) })),
    })),
    tickAgeMs,
    logBytes,
    ...(oldestSnapshot === undefined ? {} : { oldestSnapshot }),
  }
}
