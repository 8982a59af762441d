import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'

/** Sessions and rate limits. */
export function observeAccess(listen: Listen, meter: Meter): void {
  const sessions = meter.counter({
    name: 'headwater.session.events',
    unit: '{session}',
    description: 'Sessions that began, that were revoked, and revocations that were applied anew.',
    attributes: ['headwater.session.event'],
  })
  listen('session:started', ({ count }) => {
    sessions(count, 'started')
  })
  listen('session:revoked', ({ count }) => {
    sessions(count, 'revoked')
  })
  listen('session:reapplied', ({ count }) => {
    sessions(count, 'reapplied')
  })
  const failures = meter.counter({
    name: 'headwater.session.failed_revocations',
    unit: '{revocation}',
    description: 'Revocations that could not be applied, or noted, and are tried again.',
    attributes: [],
  })
  listen('session:revocation-failed', () => {
    failures(1)
  })
  observeLimits(listen, meter)
}

function observeLimits(listen: Listen, meter: Meter): void {
  const limits = meter.counter({
    name: 'headwater.rate_limit.requests',
    unit: '{request}',
    description: 'Requests that a limit counted, by its answer.',
    attributes: ['headwater.rate_limit.name', 'headwater.rate_limit.result'],
  })
  listen('rate-limit:taken', ({ limit, isAllowed }) => {
    limits(1, limit, isAllowed ? 'allowed' : 'refused')
  })
  const fallbacks = meter.counter({
    name: 'headwater.rate_limit.fallbacks',
    unit: '{request}',
    description: 'Requests that were answered from memory because Redis failed.',
    attributes: [],
  })
  listen('rate-limit:fallback', () => {
    fallbacks(1)
  })
}
