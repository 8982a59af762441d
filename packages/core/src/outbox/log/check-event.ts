import type { InputIssue, InvalidInput } from '../../errors.ts'
import { isStorable } from '../../input.ts'
import { err, ok, type Result } from '../../result.ts'
import type { NewEvent } from './event.ts'

/** Limits of an event. */
export interface EventLimits {
  /**
   * Size of a payload as JSON, in bytes of UTF-8.
   *
   * @defaultValue `65_536`
   */
  readonly maxPayloadBytes?: number
}

/** The defaults of {@link EventLimits}. Headers are always limited to 8,192 bytes together. */
export const eventLimitsDefaults = {
  maxPayloadBytes: 65_536,
} as const satisfies Required<EventLimits>

/**
 * Checks events: names, ids and versions within bounds, payloads that JSON and PostgreSQL keep
 * whole and that are not too large. Returns the payloads as JSON, which measuring them has made
 * already.
 */
export function checkEvents(
  events: readonly NewEvent[],
  limits: EventLimits = {},
): Result<readonly string[], InvalidInput> {
  const { maxPayloadBytes } = { ...eventLimitsDefaults, ...limits }
  const issues: InputIssue[] = []
  const payloads = events.map((event, index) => {
    const report: Report = (field, message) =>
      issues.push({ field: `events[${index}].${field}`, message })
    checkNames(event, report)
    checkHeaders(event.headers ?? {}, report)
    return checkPayload(event.payload, maxPayloadBytes, report)
  })
  const [first] = issues
  if (first === undefined) return ok(payloads)
  return err({
    type: 'invalid-input',
    message: `cannot be published: ${first.field} ${first.message}`,
    retryable: false,
    field: first.field,
    issues,
  })
}

type Report = (field: string, message: string) => void

/** Bytes that all headers of an event may take together. */
export const maxHeaderBytes = 8_192
const maxDepth = 100
const typePattern = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/

function checkNames(event: NewEvent, report: Report): void {
  checkName(event.aggregateType, { field: 'aggregateType', report })
  const { aggregateId } = event
  if (typeof aggregateId === 'number' && !Number.isSafeInteger(aggregateId))
    report('aggregateId', 'is a whole number or text')
  else checkName(String(aggregateId), { field: 'aggregateId', report })
  checkName(event.type, { field: 'type', report })
  if (!typePattern.test(event.type))
    report('type', 'is kebab-case words joined by dots, such as "course.published"')
  if (!Number.isSafeInteger(event.version) || event.version < 0)
    report('version', 'is a whole number from 0 on')
}

function checkName(
  name: string,
  { field, report }: { readonly field: string; readonly report: Report },
): void {
  if (typeof name !== 'string' || name.length === 0 || name.length > 255)
    report(field, 'is text of 1 to 255 characters')
  else if (!isStorable(name)) report(field, 'holds a character that PostgreSQL cannot store')
}

function checkHeaders(headers: Readonly<Record<string, unknown>>, report: Report): void {
  for (const [name, value] of Object.entries(headers))
    if (typeof value !== 'string' || !isStorable(value) || !isStorable(name))
      report(`headers.${name}`, 'is text that PostgreSQL can store')
  const bytes = headerBytesOf(headers)
  if (bytes > maxHeaderBytes)
    report('headers', `takes at most ${maxHeaderBytes} bytes: got ${bytes}`)
}

/** Bytes that headers take; what is no text takes none. */
export function headerBytesOf(headers: Readonly<Record<string, unknown>>): number {
  let bytes = 0
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string') bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  return bytes
}

/** Returns the payload as JSON, or an empty text when it has reported a fault. */
function checkPayload(payload: unknown, maxBytes: number, report: Report): string {
  const fault = faultOf(payload, 0)
  if (fault !== undefined) {
    report(`payload${fault.path}`, fault.message)
    return ''
  }
  const json = JSON.stringify(payload)
  // No character takes more than three bytes.
  const bytes = json.length * 3 > maxBytes ? Buffer.byteLength(json) : 0
  if (bytes > maxBytes) report('payload', `takes at most ${maxBytes} bytes as JSON: got ${bytes}`)
  return json
}

interface Fault {
  readonly path: string
  readonly message: string
}

/**
 * Finds the first part of a payload that JSON or PostgreSQL would not keep as it is. The path is
 * assembled on the way back, since nearly always there is none.
 */
function faultOf(value: unknown, depth: number): Fault | undefined {
  switch (typeof value) {
    case 'string':
      return isStorable(value)
        ? undefined
        : { path: '', message: 'holds a character that PostgreSQL cannot store' }
    case 'number':
      return Number.isFinite(value)
        ? undefined
        : { path: '', message: `is a finite number: got ${value}` }
    case 'boolean':
      return undefined
    case 'object':
      return value === null ? undefined : faultWithin(value, depth)
    default:
      return { path: '', message: `is JSON: got ${typeof value}` }
  }
}

function faultWithin(value: object, depth: number): Fault | undefined {
  if (depth >= maxDepth) return { path: '', message: `is nested at most ${maxDepth} deep` }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = faultOf(value[index], depth + 1)
      if (fault !== undefined) return { ...fault, path: `[${index}]${fault.path}` }
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value)
    return { path: '', message: 'is a plain object: dates and classes do not survive JSON' }
  for (const [name, member] of Object.entries(value)) {
    if (!isStorable(name))
      return { path: '', message: 'has a member whose name PostgreSQL cannot store' }
    const fault = faultOf(member, depth + 1)
    if (fault !== undefined) return { ...fault, path: `.${name}${fault.path}` }
  }
  return undefined
}
