import {
  endOldTransaction,
  type OldTransaction,
  selectOldTransactions,
} from '../doctor/postgres-queries.ts'
import { table } from '../terminal/table.ts'
import { duration } from '../terminal/words.ts'
import { type Command, CommandFailed, type Invocation, plan, valueOf } from './command.ts'

/** `headwater transactions list` */
export const list: Command = async (invocation) => {
  const transactions = await oldTransactions(invocation)
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
              cure,
            ]),
          ),
  }
}

/** `headwater transactions end` */
export const end: Command = async (invocation) => {
  const { args, options, open } = invocation
  const pid = Number(args[0])
  const found = (await oldTransactions(invocation)).find((one) => one.pid === pid)
  if (found === undefined) throw new CommandFailed(absent(pid))
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
  if (rows[0] === undefined) throw new CommandFailed(absent(pid))
  if (!rows[0].is_ended) throw new CommandFailed(unended(pid))
  return {
    data: { ...toData(found), isApplied: true },
    text: (paint) => paint('good', `Ended the session of ${what}.`),
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

function absent(pid: number) {
  return {
    type: 'not-found',
    message: `no session of process ${pid} has a transaction that is as old`,
    retryable: false,
  } as const
}
