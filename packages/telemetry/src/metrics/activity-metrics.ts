import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'
import { seconds, secondsBounds, word } from './metric.ts'

/** Known before the first loss: an increase of what was not there before is none. */
const dropReasons = ['buffer-full', 'closed', 'refused', 'unreadable', 'no-mongodb']

/** The activity log in MongoDB, and what did not reach it. */
export function observeActivity(listen: Listen, meter: Meter): void {
  const events = meter.counter({
    name: 'headwater.activity.events',
    unit: '{event}',
    description:
      'Activity by what became of it: written (ok), brought back (drained), spilled to ' +
      'PostgreSQL, or the failure of the write.',
    attributes: ['headwater.activity.outcome'],
  })
  const durations = meter.histogram({
    name: 'headwater.activity.flush.duration',
    unit: 's',
    description: 'Duration of writes of activity.',
    attributes: ['headwater.activity.outcome'],
    bounds: secondsBounds,
  })
  for (const outcome of ['ok', 'drained', 'spilled']) events(0, outcome)
  listen('activity:flush', ({ count, durationMs, outcome }) => {
    events(count, word(outcome))
    durations(seconds(durationMs), word(outcome))
  })
  const dropped = meter.counter({
    name: 'headwater.activity.dropped',
    unit: '{event}',
    description: 'Activity that is lost, by reason.',
    attributes: ['headwater.activity.reason'],
  })
  for (const reason of dropReasons) dropped(0, reason)
  listen('activity:dropped', ({ count, reason }) => {
    dropped(count, word(reason))
  })
}
