import {
  endOldTransaction,
  type OldTransaction,
  selectOldTransactions,
  selectRollback,
} from '../doctor/postgres-queries.ts'
import { table } from '../terminal/table.ts'
import { duration } from '../terminal/words.ts'
import { type Command, CommandFailed, type Invocation, plan, valueOf } from './command.ts'

/** The age from which on they are listed, in milliseconds, unless another one is given. */
const listedMs = 60_000

/** `headwater transactions list` */
export const list: Command = async (invocation) => {
  const transactions = await oldTransactions(invocation)
  const olderThan = invocation.options['olderThan'] as number
  // What it prints can be typed as it is.
  const option = olderThan === listedMs ? '' : ` --older-than ${olderThan / 1_000}`
  return {
    data: { transactions: transactions.map(toData) },
    text: (paint) =>
      transactions.length === 0
        ? `No transaction is older than ${duration(invocation.options['olderThan'] as number)}.`
        : table(
            paint,
            ['process', 'application', 'state', 'age', 'what ends it'],
            transactions.map(({ pid, application, state, age_ms: ageMs, cure }) => [
              pid ?? '–',
              application,
              state,
              duration(ageMs),
              pid === null ? cure : cure + option,
            ]),
          ),
  }
}

/** `headwater transactions end` */
export const end: Command = async (invocation) => {
  const { args, options, open } = invocation
  const pid = Number(args[0])
  const found = (await oldTransactions(invocation)).find((one) => one.pid === pid)
  const olderThan = options['olderThan'] as number
  if (found === undefined) throw new CommandFailed(absent(pid, olderThan))
  const { application, state, age_ms: ageMs } = found
  const what = `process ${pid} (${application}, ${state}), whose transaction is ${duration(ageMs)} old`
  if (options['yes'] !== true)
    return plan(
      toData(found),
      () =>
        `Would end the session of ${what}. What it did is undone, and its program disconnected.`,
    )
  const { stores } = await open()
  const { rows } = valueOf(
    await stores.postgres.query<{ is_ended: boolean }>(endOldTransaction, [
      pid,
      options['olderThan'],
    ]),
  )
  if (rows[0] === undefined) throw new CommandFailed(absent(pid, olderThan))
  if (!rows[0].is_ended) throw new CommandFailed(unended(pid))
  return {
    data: { ...toData(found), isApplied: true },
    text: (paint) => paint('good', `Ended the session of ${what}.`),
  }
}

/** `headwater transactions rollback` */
export const rollback: Command = async ({ args, options, open }) => {
  const { stores } = await open()
  const [name] = args as readonly [string]
  const { rows } = valueOf(
    await stores.postgres.query<{ rollback: string; age_ms: number }>(selectRollback, [name]),
  )
  const [found] = rows
  if (found === undefined) throw new CommandFailed(unprepared(name))
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

async function oldTransactions({ open, options }: Invocation): Promise<readonly OldTransaction[]> {
  const { stores } = await open()
  const values = [options['olderThan'], null]
  return valueOf(await stores.postgres.query<OldTransaction>(selectOldTransactions, values)).rows
}

function toData({ pid, application, state, age_ms: ageMs }: OldTransaction) {
  return { pid, application, state, ageMs: Math.round(ageMs) }
}

function unended(pid: number) {
  return {
    type: 'deadline-exceeded',
    message: `process ${pid} was told to end, and has not within a second`,
    retryable: true,
  } as const
}

function unprepared(name: string) {
  const message = `this database has no prepared transaction ${name}: see transactions list`
  return { type: 'not-found', message, retryable: false } as const
}

function absent(pid: number, olderThan: number) {
  return {
    type: 'not-found',
    message: `no session of process ${pid} has a transaction that is ${duration(olderThan)} old: see --older-than`,
    retryable: false,
  } as const
}
