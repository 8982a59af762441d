import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'
import { seconds, secondsBounds } from './metric.ts'

const cache = ['headwater.cache.name']

/** The near tier: values that processes keep themselves. */
export function observeNear(listen: Listen, meter: Meter): void {
  observeMembership(listen, meter)
  const drops = meter.counter({
    name: 'headwater.near.drops',
    unit: '{value}',
    description: 'Kept values that were dropped because a writer was about to change them.',
    attributes: [],
  })
  listen('near:drop', ({ count }) => {
    drops(count)
  })
  const refusals = meter.counter({
    name: 'headwater.near.refused_fills',
    unit: '{value}',
    description: 'Values that were not kept: a writer came, or this process was no member.',
    attributes: cache,
  })
  listen('near:fill-refused', ({ cache }) => {
    refusals(1, cache)
  })
  const audits = meter.counter({
    name: 'headwater.near.audits',
    unit: '{value}',
    description: 'Kept values that were compared with their rows.',
    attributes: [...cache, 'headwater.near.result'],
  })
  listen('near:audit', ({ cache, isStale }) => {
    audits(isStale ? 0 : 1, cache, 'fresh')
    audits(isStale ? 1 : 0, cache, 'stale')
  })
  // The first stale value must be an increase: without a zero before it, it is none.
  listen('near:join', ({ cache }) => {
    audits(0, cache, 'stale')
  })
}

function observeMembership(listen: Listen, meter: Meter): void {
  const joined = new Set<string>()
  const member = meter.gauge({
    name: 'headwater.near.member',
    unit: '{member}',
    description: 'Whether this process may keep values of the cache.',
    attributes: cache,
    aggregator: 'min',
  })
  const leaves = meter.counter({
    name: 'headwater.near.leaves',
    unit: '{leave}',
    description: 'Times that this process dropped all that it kept, by reason.',
    attributes: ['headwater.near.reason'],
  })
  listen('near:join', ({ cache }) => {
    joined.add(cache)
    member(1, cache)
  })
  listen('near:leave', ({ reason }) => {
    leaves(1, reason)
    for (const cache of joined) member(0, cache)
  })
  observeWaits(listen, meter)
}

function observeWaits(listen: Listen, meter: Meter): void {
  const waits = meter.histogram({
    name: 'headwater.near.wait.duration',
    unit: 's',
    description: 'Time that writers waited until members had dropped what they change.',
    attributes: cache,
    bounds: secondsBounds,
  })
  const silent = meter.counter({
    name: 'headwater.near.silent_members',
    unit: '{member}',
    description: 'Members that did not answer a writer in time.',
    attributes: cache,
  })
  listen('near:wait', ({ cache, durationMs, missing }) => {
    waits(seconds(durationMs), cache)
    silent(missing, cache)
  })
  const removed = meter.counter({
    name: 'headwater.near.removed_members',
    unit: '{member}',
    description: 'Members that were removed because they did not answer.',
    attributes: cache,
  })
  listen('near:removed', ({ cache }) => {
    removed(1, cache)
  })
}
