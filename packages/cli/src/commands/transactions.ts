import {
  endSession,
  type FoundSession,
  type OldTransaction,
  type PreparedTransaction,
  selectOldTransactions,
  selectRollback,
  selectSession,
} from '../doctor/session-queries.ts'
import { table } from '../terminal/table.ts'
import { duration } from '../terminal/words.ts'
import { type Command, CommandFailed, type Invocation, plan, valueOf } from './command.ts'
import { limitedSight, missingGrant } from './sight.ts'

/** The age from which on they are listed, in milliseconds, unless another one is given. */
const listedMs = 60_000

/** `headwater transactions list` */
export const list: Command = async ({ open, options }) => {
  const { stores } = await open()
  const olderThan = options['olderThan'] as number
  const values = [olderThan, null]
  const { rows } = valueOf(
    await stores.postgres.query<OldTransaction>(selectOldTransactions, values),
  )
  const grant = await missingGrant(stores)
  // What it prints can be typed as it is.
  const option = olderThan === listedMs ? '' : ` --older-than ${olderThan / 1_000}`
  return {
    data: { transactions: rows.map(toData), seesAll: grant === undefined },
    text: (paint) =>
      [
        rows.length === 0
          ? `No transaction is older than ${duration(olderThan)}.`
          : table(
              paint,
              ['process', 'database', 'application', 'state', 'age', 'what ends it'],
              rows.map(({ pid, database, application, state, age_ms: ageMs, cure }) => [
                ...[pid ?? '–', database ?? '–', application, state, duration(ageMs)],
                pid === null ? cure : cure + option,
              ]),
            ),
        ...limitedSight(grant).map((line) => paint('doubtful', line)),
      ].join('\n'),
  }
}

/** `headwater transactions end` */
export const end: Command = async (invocation) => {
  const { args, options, open } = invocation
  const pid = Number(args[0])
  const found = await sessionOf(pid, invocation)
  const what = `process ${pid} (${found.application}, ${found.state}), ${whyIn(found)}`
  if (options['yes'] !== true)
    return plan(
      toData(found),
      () =>
        `Would end the session of ${what}. What it did is undone, and its program disconnected.`,
    )
  const { stores } = await open()
  const values = [pid, found.began, found.connected]
  const { rows } = valueOf(await stores.postgres.query<{ is_ended: boolean }>(endSession, values))
  if (rows[0] === undefined) throw notFound(`process ${pid} has ended what it did by itself`)
  if (!rows[0].is_ended) throw new CommandFailed(unended(pid))
  return {
    data: { ...toData(found), isApplied: true },
    text: (paint) => paint('good', `Ended the session of ${what}.`),
  }
}

/** A session that keeps others waiting, and for so long that it may be ended. */
async function sessionOf(pid: number, { open, options }: Invocation): Promise<EndableSession> {
  const { stores } = await open()
  const [found] = valueOf(await stores.postgres.query<FoundSession>(selectSession, [pid])).rows
  if (found === undefined) throw notFound(`no session has the process ${pid}`)
  if (!found.is_visible) {
    const grant = (await missingGrant(stores)) ?? 'a superuser may'
    throw notFound(`this role may not see what process ${pid} does: ${grant}`)
  }
  if (found.began === null && !found.has_locks)
    throw notFound(`process ${pid} has no transaction and holds no lock`)
  const olderThan = options['olderThan'] as number
  const { age_ms: ageMs } = found
  if (ageMs === null || ageMs < olderThan)
    throw notFound(
      `process ${pid} began ${duration(ageMs ?? 0)} ago, less than ${duration(olderThan)}: see --older-than`,
    )
  return { ...found, age_ms: ageMs }
}

interface EndableSession extends FoundSession {
  readonly age_ms: number
}

function whyIn({ began, age_ms: ageMs }: EndableSession): string {
  return began === null
    ? `which has held advisory locks in no transaction, idle for ${duration(ageMs)}`
    : `whose transaction is ${duration(ageMs)} old`
}

/** `headwater transactions rollback` */
export const rollback: Command = async ({ args, options, open }) => {
  const { stores } = await open()
  const [name] = args as readonly [string]
  const query = stores.postgres.query<PreparedTransaction>(selectRollback, [name])
  const [found] = valueOf(await query).rows
  if (found === undefined)
    throw notFound(`there is no prepared transaction ${name}: see transactions list`)
  if (!found.is_here)
    throw notFound(
      `the prepared transaction ${name} is one of the database ${found.database}: connect to that one`,
    )
  const data = { transaction: name, ageMs: Math.round(found.age_ms) }
  const what = `the prepared transaction ${name}, which is ${duration(found.age_ms)} old`
  if (options['yes'] !== true)
    return plan(data, () => `Would undo ${what}. Its coordinator may still want to commit it.`)
  valueOf(await stores.postgres.query(found.rollback))
  return {
    data: { ...data, isApplied: true },
    text: (paint) => paint('good', `Undid ${what}.`),
  }
}

function toData({
  pid,
  database,
  application,
  state,
  age_ms: ageMs,
}: Omit<OldTransaction, 'cure'>) {
  return { pid, database, application, state, ageMs: Math.round(ageMs) }
}

function unended(pid: number) {
  return {
    type: 'deadline-exceeded',
    message: `process ${pid} was told to end, and has not within a second`,
    retryable: true,
  } as const
}

function notFound(message: string): CommandFailed {
  return new CommandFailed({ type: 'not-found', message, retryable: false })
}
