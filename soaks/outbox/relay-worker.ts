import {
  connect,
  createRelay,
  Diagnostics,
  orThrow,
  type Relay,
  FailureError,
} from '@headwater/core'
import { Destination } from './destination.ts'
import { Mishaps } from './mishaps.ts'
import { createSinks, type Release } from './sinks.ts'
import { leaseMs } from './times.ts'

/** The assignment of a relay process. */
export interface Assignment {
  readonly name: string
  readonly release: Release
  readonly postgresUrl: string
  readonly redisUrl: string
  /** The key prefix of its effects. */
  readonly prefix: string
  readonly isCalm: boolean
  readonly isPoisonLifted: boolean
}

/** Orders of the parent: end the random mishaps, make poison harmless, drain, stop. */
export type Order = 'calm' | 'lift-poison' | 'drain' | 'stop'

/** Answers to the parent: the relay works, or it did or did not drain. */
export type Answer = 'ready' | 'drained' | 'not-drained'

const times = {
  leaseMs,
  tickMs: 20,
  maxPollMs: 60,
  maxBackOffMs: 600,
  maxAttempts: 3,
  retentionMs: 100,
  purgeMs: 200,
}
const drainMs = 20_000
/** A redelivery after an outage, and the wait of an old release for the new one. */
const explained = /redelivered|other types/

process.once('disconnect', () => {
  process.exit(1)
})

const assignment = await new Promise<Assignment>((resolve) => {
  process.once('message', resolve as (value: unknown) => void)
})
const mishaps = new Mishaps(assignment)
const starting = startRelay(assignment)
// Orders may arrive while the relay still connects.
process.on('message', (order: Order) => {
  void obey(order)
})
await starting.catch((error: unknown) => {
  process.stderr.write(`${assignment.name} did not start: ${String(error)}\n`)
  process.exit(1)
})
answer('ready')

async function startRelay(assigned: Assignment): Promise<Relay> {
  const { name, release, postgresUrl, redisUrl, prefix } = assigned
  const diagnostics = new Diagnostics()
  diagnostics.on('relay:error', ({ error }) => {
    reportMistake(name, error)
  })
  const destination = await Destination.open(redisUrl, prefix)
  const stores = orThrow(
    await connect({
      postgres: { url: postgresUrl, statementTimeoutMs: 3_000 },
      redis: { url: redisUrl },
      diagnostics,
    }),
  )
  const relay = createRelay(stores, {
    sinks: createSinks({ release, destination, mishaps, sql: stores.postgres.client }),
    ...times,
  })
  relay.start()
  return relay
}

async function obey(order: Order): Promise<void> {
  if (order === 'calm') mishaps.isCalm = true
  else if (order === 'lift-poison') mishaps.isPoisonLifted = true
  else if (order === 'drain')
    answer(
      (await (await starting).drain({ deadlineMs: drainMs })).isOk() ? 'drained' : 'not-drained',
    )
  else process.exit((await (await starting).stop({ deadlineMs: 3_000 })).isOk() ? 0 : 2)
}

function answer(text: Answer): void {
  process.send?.(text)
}

/** Reports relay errors other than those that the faults of the soak explain. */
function reportMistake(name: string, error: unknown): void {
  const failure: unknown = error instanceof FailureError ? error.failure : error
  const { type, message } = failure as { readonly type?: string; readonly message?: string }
  if (type === 'store-unavailable' || type === 'deadline-exceeded' || explained.test(message ?? ''))
    return
  process.stderr.write(
    `${name}: ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error)}\n`,
  )
}
