import { allDelivered, defineSink } from '@headwater/core'
import type { Sink } from '@headwater/core'
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
    handle: (events, { signal }) =>
      popularity
        .refresh([...new Set(events.map((event) => Number(event.aggregateId)))], signal)
        .map(() => allDelivered)
        .mapErr((cause) => ({
          type: 'sink-failed',
          message: `popularity was not written: ${cause.type}`,
          retryable: true,
          cause,
        })),
  })
}
