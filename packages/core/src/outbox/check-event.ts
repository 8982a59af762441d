import type { InputIssue, InvalidInput } from '../errors.ts'
import type { NewEvent } from './event.ts'

/**
 * Limits of what may be published.
 */
export interface EventLimits {
  /**
   * Size of a payload as JSON, in bytes of UTF-8.
   *
   * @defaultValue `65_536`
   */
  readonly maxPayloadBytes?: number
}

/**
 * The defaults of {@link EventLimits}. Headers are always limited to 8,192 bytes together.
 */
export const eventLimitsDefaults = { maxPayloadBytes: 65_536 } as const satisfies Required<EventLimits>

/**
 * What a rejection for an event that breaks a rule is: an `Error` for the stack, with the typed failure inside. No store was touched.
 */
export class EventRejected extends Error {
  /**
   * The typed failure.
   */
  readonly failure: InvalidInput

  constructor(failure: InvalidInput) {
    super(failure.message)
    this.name = 'EventRejected'
    this.failure = failure
  }
}

/**
 * Looks for rules that events break: names, ids and versions within bounds, payloads that JSON and PostgreSQL keep whole and that are not
 * too large. Touches no store.
 */
export function checkEvents(events: readonly NewEvent[], limits: EventLimits = {}): InvalidInput | undefined {
  const { maxPayloadBytes } = { ...eventLimitsDefaults, ...limits }
  const issues: InputIssue[] = []
  events.forEach((event, index) => {
    const report: Report = (field, message) => issues.push({ field: `events[${index}].${field}`, message })
    checkNames(event, report)
    checkHeaders(event.headers ?? {}, report)
    checkJson(event.payload, { field: 'payload', depth: 0, report })
    if (issues.length === 0) checkSize(event.payload, maxPayloadBytes, report)
  })
  const [first] = issues
  if (first === undefined) return undefined
  return { type: 'invalid-input', message: `cannot be published: ${first.field} ${first.message}`, retryable: false, field: first.field, issues }
}

type Report = (field: string, message: string) => void

const maxHeaderBytes = 8_192
const maxDepth = 100
const typePattern = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/
// PostgreSQL's jsonb holds neither NUL nor half of a surrogate pair.
const unstorable = /\0/

function checkNames(event: NewEvent, report: Report): void {
  checkName(event.aggregateType, { field: 'aggregateType', report })
  const { aggregateId } = event
  if (typeof aggregateId === 'number' && !Number.isSafeInteger(aggregateId)) report('aggregateId', 'is a whole number or text')
  else checkName(String(aggregateId), { field: 'aggregateId', report })
  checkName(event.type, { field: 'type', report })
  if (!typePattern.test(event.type)) report('type', 'is kebab-case words joined by dots, such as "course.published"')
  if (!Number.isSafeInteger(event.version) || event.version < 0) report('version', 'is a whole number from 0 on')
}

function checkName(name: string, { field, report }: { readonly field: string; readonly report: Report }): void {
  if (typeof name !== 'string' || name.length === 0 || name.length > 255) report(field, 'is text of 1 to 255 characters')
  else if (!isStorable(name)) report(field, 'holds a character that PostgreSQL cannot store')
}

function checkHeaders(headers: Readonly<Record<string, unknown>>, report: Report): void {
  let bytes = 0
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !isStorable(value) || !isStorable(name)) report(`headers.${name}`, 'is text that PostgreSQL can store')
    else bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  }
  if (bytes > maxHeaderBytes) report('headers', `takes at most ${maxHeaderBytes} bytes: got ${bytes}`)
}

interface Place {
  readonly field: string
  readonly depth: number
  readonly report: Report
}

function checkJson(value: unknown, place: Place): void {
  if (value === null || typeof value === 'boolean') return
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) place.report(place.field, `is a finite number: got ${value}`)
  } else if (typeof value === 'string') {
    if (!isStorable(value)) place.report(place.field, 'holds a character that PostgreSQL cannot store')
  } else if (typeof value === 'object') checkMembers(value, place)
  else place.report(place.field, `is JSON: got ${typeof value}`)
}

function checkMembers(value: object, { field, depth, report }: Place): void {
  if (depth >= maxDepth) return report(field, `is nested at most ${maxDepth} deep`)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) checkJson(value[index], { field: `${field}[${index}]`, depth: depth + 1, report })
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value) return report(field, 'is a plain object: dates and classes do not survive JSON')
  for (const [name, member] of Object.entries(value)) {
    if (!isStorable(name)) report(field, 'has a member whose name PostgreSQL cannot store')
    checkJson(member, { field: `${field}.${name}`, depth: depth + 1, report })
  }
}

function checkSize(payload: unknown, maxBytes: number, report: Report): void {
  const bytes = Buffer.byteLength(JSON.stringify(payload))
  if (bytes > maxBytes) report('payload', `takes at most ${maxBytes} bytes as JSON: got ${bytes}`)
}

function isStorable(text: string): boolean {
  return !unstorable.test(text) && text.isWellFormed()
}
