import { defineSink, isRowId } from '@headwater/core'
import type { OutboxEvent, Sink, SinkFailure } from '@headwater/core'
import { sinkOutage } from '../sink-outage.ts'
import type { Popularity } from './popularity.ts'

/** Keeps `courses:popular` in sync by writing a course's current count after each of its events. */
export function popularitySink(popularity: Popularity): Sink {
  return defineSink({
    name: 'popularity',
    types: [
      'course.published',
      'course.unpublished',
      'course.deleted',
      'enrollment.created',
      'enrollment.withdrawn',
    ],
    mode: 'state',
    handle: (events, { signal }) => {
      const [known, unreadable] = partition(events)
      return popularity
        .refresh([...new Set(known.map((event) => Number(event.aggregateId)))], signal)
        .map(() => ({ failed: unreadable.map(({ id }) => ({ id, failure: noCourse })) }))
        .mapErr((cause) => sinkOutage('popularity was not written', cause))
    },
  })
}

/** Splits off the events whose aggregate cannot be a course: they would fail their whole batch. */
function partition(events: readonly OutboxEvent[]) {
  const isCourse = ({ aggregateId }: OutboxEvent) => isRowId(Number(aggregateId))
  return [events.filter(isCourse), events.filter((event) => !isCourse(event))] as const
}

const noCourse: SinkFailure = {
  type: 'sink-failed',
  message: 'the aggregate id is not the id of a course',
  retryable: false,
}
