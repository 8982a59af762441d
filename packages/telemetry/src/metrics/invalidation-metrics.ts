import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'
import { seconds, secondsBounds } from './metric.ts'

/** Invalidation: holds, the gate, and what had to be written down. */
export function observeInvalidation(listen: Listen, meter: Meter): void {
  const holds = meter.histogram({
    name: 'headwater.invalidation.hold.duration',
    unit: 's',
    description: 'Time until the keys of a writer were held.',
    attributes: [],
    bounds: secondsBounds,
  })
  listen('invalidation:hold', ({ durationMs }) => {
    holds(seconds(durationMs))
  })
  const releases = meter.histogram({
    name: 'headwater.invalidation.release.duration',
    unit: 's',
    description: 'Time until the keys of a writer were released.',
    attributes: [],
    bounds: secondsBounds,
  })
  listen('invalidation:release', ({ durationMs }) => {
    releases(seconds(durationMs))
  })
  const keys = meter.counter({
    name: 'headwater.invalidation.keys',
    unit: '{key}',
    description: 'Keys that were released.',
    attributes: [],
  })
  listen('invalidation:release', (event) => {
    keys(event.keys)
  })
  observeTrouble(listen, meter)
}

function observeTrouble(listen: Listen, meter: Meter): void {
  const trouble = meter.counter({
    name: 'headwater.invalidation.troubles',
    unit: '{trouble}',
    description:
      'Invalidations that did not go the usual way: lost holds, intents written to PostgreSQL, ' +
      'flushes of the whole cache, failures.',
    attributes: ['headwater.invalidation.trouble'],
  })
  for (const kind of ['hold-lost', 'intent', 'flush', 'failed']) trouble(0, kind)
  listen('invalidation:hold-lost', () => {
    trouble(1, 'hold-lost')
  })
  listen('invalidation:intent', () => {
    trouble(1, 'intent')
  })
  listen('invalidation:flush', () => {
    trouble(1, 'flush')
  })
  listen('invalidation:failed', () => {
    trouble(1, 'failed')
  })
  const closings = meter.counter({
    name: 'headwater.invalidation.gate_closings',
    unit: '{closing}',
    description: 'Times that this process stopped trusting the cache.',
    attributes: [],
  })
  listen('invalidation:gate', ({ state }) => {
    closings(state === 'closed' ? 1 : 0)
  })
}
