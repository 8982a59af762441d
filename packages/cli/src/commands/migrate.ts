import { setTimeout as after } from 'node:timers/promises'
import { migrate, planMigrations } from '@headwater/core'
import type { PlannedMigration } from '@headwater/core'
import type { Paint } from '../terminal/paint.ts'
import { count, counted, duration } from '../terminal/words.ts'
import { type Command, CommandFailed, type Invocation, type Outcome, valueOf } from './command.ts'
import { UsageError } from './usage-error.ts'

/** `headwater migrate` */
export const migration: Command = async (invocation) => {
  const { plan, wait } = invocation.options
  if (plan === true && wait === true) throw new UsageError('--plan and --wait exclude each other')
  if (plan === true) return pendingOutcome(await pendingOf(invocation))
  return wait === true ? untilUpToDate(invocation) : apply(invocation)
}

async function apply({ open, config, terminal }: Invocation): Promise<Outcome> {
  const { stores } = await open()
  stores.diagnostics.on('migration:step', ({ file, step, rows, state, durationMs }) => {
    const tail = state === 'begun' ? `, about ${count(rows)} rows` : `, ${duration(durationMs)}`
    terminal.err(`${file}: ${step} ${state}${tail}\n`)
  })
  const { applied } = valueOf(await migrate(stores, (await config()).migrate ?? {}))
  return {
    data: { applied, pending: [] },
    text: (paint) =>
      applied.length === 0
        ? 'The schema was up to date.'
        : [...applied.map((file) => `${paint('good', '✓')} ${file}`)].join('\n'),
  }
}

/** Time between two looks, in milliseconds. */
const lookEveryMs = 500

/**
 * Changes nothing: for processes whose role may not, which start beside the one that may. A server
 * that is restarted meanwhile is waited for as well.
 */
async function untilUpToDate(invocation: Invocation): Promise<Outcome> {
  const { terminal, options } = invocation
  const startedMs = terminal.clock.monotonic()
  const signal = terminal.interrupted()
  for (let told = ''; ;) {
    const found = await planOf(invocation)
    const pending = found.isErr() && found.error.retryable ? undefined : valueOf(found)
    if (pending?.length === 0)
      return { data: { applied: [], pending }, text: () => 'The schema is up to date.' }
    const state = stateOf(pending)
    if (state !== told) terminal.err(`waiting: ${state}\n`)
    told = state
    const waitedMs = terminal.clock.monotonic() - startedMs
    if (signal.aborted || waitedMs >= (options['timeout'] as number))
      throw notYet(`${state}, after ${duration(waitedMs)}`)
    await after(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

function stateOf(pending: readonly PlannedMigration[] | undefined): string {
  if (pending === undefined) return 'PostgreSQL does not answer'
  return `${counted(pending.length, 'migration')} pending, from ${pending[0]?.file ?? ''} on`
}

function notYet(message: string): CommandFailed {
  return new CommandFailed({ type: 'migrations-pending', retryable: true, message })
}

async function pendingOf(invocation: Invocation): Promise<readonly PlannedMigration[]> {
  return valueOf(await planOf(invocation))
}

async function planOf({ open, config }: Invocation) {
  const { stores } = await open()
  return await planMigrations(stores, (await config()).migrate ?? {})
}

function pendingOutcome(pending: readonly PlannedMigration[]): Outcome {
  return {
    data: { applied: [], pending },
    text: (paint) =>
      pending.length === 0
        ? 'The schema is up to date.'
        : pending.map((one) => lineOf(one, paint)).join('\n'),
    isFinding: pending.length > 0,
  }
}

function lineOf({ file, online }: PlannedMigration, paint: Paint): string {
  const steps = online.map(
    ({ step, name, rows }) => `\n    ${step} ${name}, about ${count(rows)} rows`,
  )
  return `${paint('doubtful', '·')} ${file}${paint('quiet', steps.join(''))}`
}
