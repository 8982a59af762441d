import { outbox } from '@headwater/core'
import type { DeadLetterGroup, Json, ParkedGroup, PostgresStore } from '@headwater/core'
import type { ResultAsync, SqlError } from '@headwater/core'
import type { FailedEvent, FailureGroups, LetterGroup } from '../contract/outbox-screen.ts'
import type { Section } from '../contract/section.ts'
import { section } from '../section.ts'
import { groupsShown, selectExamples } from './outbox-queries.ts'
import { payloadShape } from './payload-shape.ts'

/** The largest groups of failed events by their state, each state by itself. */
interface GroupsByState {
  readonly dead: Section<FailureGroups>
  readonly waiting: Section<FailureGroups>
}

/**
 * What the sinks could not take, by sink and kind of failure. Three statements at once: groups do
 * without examples that are late. Never rejects.
 */
export async function failureGroups(postgres: PostgresStore): Promise<GroupsByState> {
  const { deadLetters, parked } = outbox({ postgres })
  const [dead, waiting, examples] = await Promise.all([
    section(() => deadLetters.summary().map((groups) => groups.map(deadGroup))),
    section(() => parked.summary().map((groups) => groups.map(waitingGroup))),
    section(() => examplesOf(postgres)),
  ])
  return { dead: withExamples(dead, examples), waiting: withExamples(waiting, examples) }
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

type Examples = ReadonlyMap<string, FailedEvent>

function withExamples(
  groups: Section<readonly LetterGroup[]>,
  examples: Section<Examples>,
): Section<FailureGroups> {
  if (!groups.isAvailable) return groups
  const shown = groups.data.slice(0, groupsShown)
  const found = examples.isAvailable ? examples.data : new Map<string, FailedEvent>()
  return {
    isAvailable: true,
    data: {
      groups: shown.map((group) => withExample(group, found.get(keyOf(group)))),
      more: groups.data.length - shown.length,
      ...(examples.isAvailable ? {} : { withoutExamples: examples.reason }),
    },
  }
}

function withExample(group: LetterGroup, example: FailedEvent | undefined): LetterGroup {
  return example === undefined ? group : { ...group, example }
}

function keyOf(group: Pick<LetterGroup, 'state' | 'sink' | 'fingerprint'>): string {
  return JSON.stringify([group.state, group.sink, group.fingerprint])
}

interface ExampleRow {
  readonly sink: string
  readonly fingerprint: string
  readonly status: 'dead' | 'retry'
  readonly event_id: string
  readonly event_type: string
  readonly aggregate_type: string
  readonly aggregate_id: string
  readonly attempts: number
  readonly payload: Json
}

function examplesOf(postgres: PostgresStore): ResultAsync<Examples, SqlError> {
  return postgres.query<ExampleRow>(selectExamples).map(({ rows }) => new Map(rows.map(entryOf)))
}

function entryOf({ status, sink, fingerprint, ...row }: ExampleRow): [string, FailedEvent] {
  const state = status === 'dead' ? 'dead' : 'waiting'
  return [keyOf({ state, sink, fingerprint }), exampleOf(row)]
}

function exampleOf(row: Omit<ExampleRow, 'status' | 'sink' | 'fingerprint'>): FailedEvent {
  return {
    eventId: row.event_id,
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    attempts: row.attempts,
    shape: payloadShape(row.payload),
  }
}
