import { outbox } from '@headwater/core'
import type {
  DeadLetter,
  DeadLetterGroup,
  DeadLetterMatch,
  DeadLetters,
  Json,
} from '@headwater/core'
import type { Paint } from '../terminal/paint.ts'
import { pairs, table } from '../terminal/table.ts'
import { counted, moment, oneLine } from '../terminal/words.ts'
import { type Command, type Invocation, plan, valueOf } from './command.ts'
import { UsageError } from './usage-error.ts'

/** `headwater outbox dead` */
export const dead: Command = async (invocation) => {
  const { options } = invocation
  const letters = await lettersOf(invocation)
  const match = matchOf(invocation)
  if (options['events'] !== true) {
    const groups = valueOf(await letters.summary(match))
    return { data: { groups }, text: (paint) => groupsText(groups, paint) }
  }
  const limit = options['limit'] as number
  const events = valueOf(await letters.list({ ...match, limit })).map(withoutPayload)
  return { data: { events }, text: (paint) => eventsText(events, paint) }
}

/** `headwater outbox show` */
export const show: Command = async (invocation) => {
  const letters = await lettersOf(invocation)
  const [eventId] = invocation.args as readonly [string]
  const isShown = invocation.options['payload'] === true
  const found = valueOf(await letters.list({ eventIds: [eventId] }))
  if (found.length === 0) throw new UsageError(`no sink gave up an event ${eventId}`)
  const events = found.map(({ payload, ...event }) => ({
    ...event,
    payload: isShown ? payload : shapeOf(payload),
  }))
  const data = { isPayloadShown: isShown, events }
  return { data, text: (paint) => events.map((event) => letterText(event, paint)).join('\n\n') }
}

/** `headwater outbox replay` */
export const replay: Command = (invocation) => mark('replay', invocation)

/** `headwater outbox discard` */
export const discard: Command = (invocation) => mark('discard', invocation)

async function mark(what: 'replay' | 'discard', invocation: Invocation) {
  const { options } = invocation
  const match = matchOf(invocation)
  if (Object.keys(match).length === 0 && options['all'] !== true)
    throw new UsageError(`say which: ids of events, a filter such as --sink, or --all`)
  const letters = await lettersOf(invocation)
  const groups = valueOf(await letters.summary(match))
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  const verb = what === 'replay' ? 'deliver again' : 'drop for good'
  if (count === 0)
    return { data: { groups, count: 0, isApplied: false }, text: () => 'No such dead letter.' }
  if (options['yes'] !== true)
    return plan(
      { groups, count },
      (paint) => `${groupsText(groups, paint)}\nWould ${verb} ${counted(count, 'event')}.`,
    )
  const marked = valueOf(await letters[what](match))
  const done = what === 'replay' ? 'to be delivered again' : 'dropped'
  return {
    data: { groups, count: marked, isApplied: true },
    text: () => `${counted(marked, 'event')} ${done}, as soon as a relay sees it.`,
  }
}

async function lettersOf({ open }: Invocation): Promise<DeadLetters> {
  return outbox((await open()).stores).deadLetters
}

function matchOf({ args, options }: Invocation): DeadLetterMatch {
  const ids = args.find((arg): arg is readonly string[] => Array.isArray(arg)) ?? []
  const filters = Object.entries(options).filter(([name]) =>
    ['sink', 'fingerprint', 'aggregateType', 'aggregateId'].includes(name),
  )
  return { ...Object.fromEntries(filters), ...(ids.length === 0 ? {} : { eventIds: ids }) }
}

type Listed = Omit<DeadLetter, 'payload'>

function withoutPayload({ payload: _, ...event }: DeadLetter): Listed {
  return event
}

/** A payload with the kind of each value in place of the value. */
function shapeOf(payload: Json): Json {
  if (Array.isArray(payload)) return (payload as readonly Json[]).map(shapeOf)
  if (typeof payload !== 'object' || payload === null)
    return payload === null ? null : typeof payload
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, shapeOf(value)]))
}

function groupsText(groups: readonly DeadLetterGroup[], paint: Paint): string {
  if (groups.length === 0) return 'No sink gave up anything.'
  const rows = groups.map((group) => [
    group.sink,
    group.count,
    group.aggregates,
    moment(group.firstAt),
    moment(group.lastAt),
    group.fingerprint,
    oneLine(group.message),
  ])
  const headings = ['sink', 'events', 'aggregates', 'first', 'last', 'fingerprint', 'message']
  return table(paint, headings, rows)
}

function eventsText(events: readonly Listed[], paint: Paint): string {
  if (events.length === 0) return 'No sink gave up anything.'
  const rows = events.map((event) => [
    event.eventId,
    event.sink,
    oneLine(`${event.aggregateType} ${event.aggregateId}`),
    oneLine(event.eventType),
    moment(event.failedAt),
    event.waiting,
    oneLine(event.message),
  ])
  const headings = ['event', 'sink', 'aggregate', 'type', 'given up', 'waiting', 'message']
  return table(paint, headings, rows)
}

function letterText(event: DeadLetter, paint: Paint): string {
  const facts = pairs(paint, [
    ['event', event.eventId],
    ['type', oneLine(event.eventType)],
    ['aggregate', oneLine(`${event.aggregateType} ${event.aggregateId}`)],
    ['sink', event.sink],
    ['given up', moment(event.failedAt)],
    ['attempts', event.attempts],
    ['replays', event.replays],
    ['waiting behind it', event.waiting],
    ['fingerprint', event.fingerprint],
    ['message', oneLine(event.message)],
  ])
  return `${facts}\n${JSON.stringify(event.payload, null, 2)}`
}
