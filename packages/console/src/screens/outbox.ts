import * as z from 'zod/mini'
import { err, notFound, ok, once, outbox, storableText } from '@headwater/core'
import type { DeadLetter, OutboxStatus, ResultAsync, SqlError } from '@headwater/core'
import { action } from '../action.ts'
import type { Letter, OutboxScreen, ShardState, SinkState } from '../contract/outbox-screen.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'
import { failureGroups } from './failure-groups.ts'
import { groupActions, matchOf } from './group-actions.ts'
import { selectShards } from './outbox-queries.ts'
import { lagsOf } from './overview.ts'
import { payloadShape } from './payload-shape.ts'

/** Each is read with its whole payload. */
const lettersShown = 20

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
      ...groupActions(deps.acting),
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

async function outboxView({ reading, figures }: ScreenDeps): Promise<OutboxScreen> {
  const operated = outbox({ postgres: reading })
  const [state, shards, failed] = await Promise.all([
    section(() =>
      operated.status().map((answer) => {
        figures.noteLag(lagsOf(answer))
        return stateOf(answer)
      }),
    ),
    section(() => reading.query<ShardState>(selectShards).map(({ rows }) => rows)),
    failureGroups(reading),
  ])
  return { status: state, shards, ...failed }
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
