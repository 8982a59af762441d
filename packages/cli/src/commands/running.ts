import { type RunningSession, selectRunning } from '../doctor/session-queries.ts'
import { shortStatement } from '../terminal/short-statement.ts'
import { table } from '../terminal/table.ts'
import { duration, oneLine } from '../terminal/words.ts'
import { type Command, valueOf } from './command.ts'
import { limitedSight, missingGrant } from './sight.ts'

/** `headwater transactions running` */
export const running: Command = async ({ open, options }) => {
  const { stores } = await open()
  const longerThan = options['longerThan'] as number
  const { rows } = valueOf(await stores.postgres.query<RunningSession>(selectRunning, [longerThan]))
  const grant = await missingGrant(stores)
  const sessions = rows.map((row) => sessionOf(row, options['statements'] === true))
  return {
    data: { sessions, seesAll: grant === undefined },
    text: (paint) =>
      [
        sessions.length === 0
          ? `Nothing has run for ${duration(longerThan)}.`
          : table(
              paint,
              ['process', 'application', 'state', 'for', 'waits for', 'blocked by', 'statement'],
              sessions.map((one) => [
                ...[one.pid, one.application, one.state, duration(one.sinceMs), one.waitsFor ?? ''],
                paint('bad', blockersIn(one.blockedBy)),
                oneLine(one.statement),
              ]),
            ),
        ...limitedSight(grant).map((line) => paint('doubtful', line)),
      ].join('\n'),
  }
}

function sessionOf(row: RunningSession, isWhole: boolean) {
  const { pid, application, state, since_ms: sinceMs, waits_for: waits, query, tables } = row
  return {
    ...{ pid, application, state, sinceMs: Math.round(sinceMs), tables },
    waitsFor: waits === '' ? null : waits,
    blockedBy: row.blocked_by,
    statement: isWhole ? query : shortStatement(query, tables),
  }
}

/** The server has no process to name for a prepared transaction. */
function blockersIn(pids: readonly number[]): string {
  return [...new Set(pids)].map((pid) => (pid === 0 ? 'a prepared transaction' : pid)).join(', ')
}
