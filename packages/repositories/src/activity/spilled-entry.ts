import type { ActivityEntry } from './activity-entry.ts'

/** What a spilled entry is worth to this process. `unknown`: a newer version has written it. */
export type Readability = 'readable' | 'unreadable' | 'unknown'

/** Judges the JSON of a spilled entry, which other versions and other hands may have written. */
export function readabilityOf(entry: unknown): Readability {
  const fields = Object(entry) as Record<string, unknown>
  const { id, at, kind } = fields
  if (typeof id !== 'string' || !isMoment(at) || typeof kind !== 'string') return 'unreadable'
  const isSound = Object.hasOwn(checks, kind) ? checks[kind as ActivityEntry['kind']] : undefined
  if (isSound === undefined) return 'unknown'
  return isSound(fields) ? 'readable' : 'unreadable'
}

const checks: Readonly<
  Record<ActivityEntry['kind'], (fields: Record<string, unknown>) => boolean>
> = {
  activity: ({ type, data, metadata }) =>
    typeof type === 'string' && isObject(data) && isObject(metadata),
  search: ({ hits }) => Array.isArray(hits),
  page: ({ hits }) => Array.isArray(hits),
  click: ({ courseId, position }) => typeof courseId === 'number' && typeof position === 'number',
}

function isMoment(at: unknown): boolean {
  return typeof at === 'number' && !Number.isNaN(new Date(at).getTime())
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
