import { outbox } from '@headwater/core'
import type { DeadLetterGroup, Json, ParkedGroup, PostgresStore } from '@headwater/core'
import type { ResultAsync, SqlError } from '@headwater/core'
import type { FailedEvent, LetterGroup } from '../contract/outbox-screen.ts'
import { selectExamples } from './outbox-queries.ts'
import { payloadShape } from './payload-shape.ts'

/** Each is shown with an event. */
const groupsShown = 50

/**
 * What the sinks could not take, by sink and kind of failure: what was given up first, then what
 * waits for another attempt. Three round trips.
 */
export function failureGroups(
  postgres: PostgresStore,
): ResultAsync<readonly LetterGroup[], SqlError> {
  const { deadLetters, parked } = outbox({ postgres })
  return deadLetters.summary().andThen((dead) =>
    parked.summary().andThen((waiting) => {
      const groups = [...dead.map(deadGroup), ...waiting.map(waitingGroup)].slice(0, groupsShown)
      return examplesOf(postgres, groups).map((examples) =>
        groups.map((group, index) => withExample(group, examples.get(index + 1))),
      )
    }),
  )
}

function deadGroup({ firstAt, lastAt, ...group }: DeadLetterGroup): LetterGroup {
  return { ...group, state: 'dead', firstAt: firstAt.getTime(), lastAt: lastAt.getTime() }
}

function waitingGroup({ firstAt, lastAt, nextAt, ...group }: ParkedGroup): LetterGroup {
  return {
    ...group,
    state: 'waiting',
    firstAt: firstAt.getTime(),
    lastAt: lastAt.getTime(),
    nextAt: nextAt.getTime(),
  }
}

function withExample(group: LetterGroup, example: FailedEvent | undefined): LetterGroup {
  return example === undefined ? group : { ...group, example }
}

interface ExampleRow {
  readonly at: number
  readonly event_id: string
  readonly event_type: string
  readonly aggregate_type: string
  readonly aggregate_id: string
  readonly attempts: number
  readonly payload: Json
}

function examplesOf(
  postgres: PostgresStore,
  groups: readonly LetterGroup[],
): ResultAsync<ReadonlyMap<number, FailedEvent>, SqlError> {
  const values = [
    groups.map(({ sink }) => sink),
    groups.map(({ fingerprint }) => fingerprint),
    groups.map(({ state }) => state === 'dead'),
  ]
  return postgres
    .query<ExampleRow>(selectExamples, values)
    .map(({ rows }) => new Map(rows.map((row) => [row.at, exampleOf(row)])))
}

function exampleOf(row: ExampleRow): FailedEvent {
  return {
    eventId: row.event_id,
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    attempts: row.attempts,
    shape: payloadShape(row.payload),
  }
}
