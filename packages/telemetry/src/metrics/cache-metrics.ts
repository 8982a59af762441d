import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'
import { errorType, seconds, secondsBounds, word } from './metric.ts'

const cache = ['headwater.cache.name']

/** Reads of caches, and what they cost. */
export function observeCaches(listen: Listen, meter: Meter): void {
  const requests = meter.counter({
    name: 'headwater.cache.requests',
    unit: '{request}',
    description:
      'Values asked for: found near or in Redis, missing, or read without the cache. Stale ones, ' +
      'served while their source failed, are among those that were missing.',
    attributes: [...cache, 'headwater.cache.result'],
  })
  listen('cache:hit', ({ cache, count }) => {
    requests(count, cache, 'hit')
  })
  listen('near:hit', ({ cache, count }) => {
    requests(count, cache, 'near')
  })
  listen('cache:miss', ({ cache, count }) => {
    requests(count, cache, 'miss')
  })
  listen('cache:stale-served', ({ cache }) => {
    requests(1, cache, 'stale')
  })
  const bypasses = meter.counter({
    name: 'headwater.cache.bypasses',
    unit: '{request}',
    description: 'Reads without the cache, by reason.',
    attributes: [...cache, 'headwater.cache.reason'],
  })
  listen('cache:bypass', ({ cache, reason }) => {
    requests(1, cache, 'bypass')
    bypasses(1, cache, word(reason))
  })
  observeLoads(listen, meter)
}

function observeLoads(listen: Listen, meter: Meter): void {
  const loads = meter.histogram({
    name: 'headwater.cache.load.duration',
    unit: 's',
    description: 'Duration of loads of rows from the source of a cache.',
    attributes: [...cache, 'error.type'],
    bounds: secondsBounds,
  })
  listen('cache:load', ({ cache, durationMs, outcome }) => {
    loads(seconds(durationMs), cache, errorType(outcome))
  })
  const waits = meter.histogram({
    name: 'headwater.cache.wait.duration',
    unit: 's',
    description: "Time that reads waited for another process's load.",
    attributes: cache,
    bounds: secondsBounds,
  })
  listen('cache:wait', ({ cache, durationMs }) => {
    waits(seconds(durationMs), cache)
  })
  observeFills(listen, meter)
}

function observeFills(listen: Listen, meter: Meter): void {
  const fills = meter.counter({
    name: 'headwater.cache.fills',
    unit: '{value}',
    description: 'Values that were loaded: stored, or refused because a writer had the key.',
    attributes: [...cache, 'headwater.cache.result'],
  })
  listen('cache:fill', ({ cache, count }) => {
    fills(count, cache, 'stored')
  })
  listen('cache:fill-rejected', ({ cache, count }) => {
    fills(count, cache, 'refused')
  })
  const unusable = meter.counter({
    name: 'headwater.cache.rejected_entries',
    unit: '{entry}',
    description: 'Entries that could not be read or stored.',
    attributes: cache,
  })
  listen('cache:entry-rejected', ({ cache }) => {
    unusable(1, cache)
  })
}
