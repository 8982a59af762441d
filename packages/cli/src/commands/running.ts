import { type RunningSession, selectRunning } from '../doctor/postgres-queries.ts'
import { table } from '../terminal/table.ts'
import { duration, oneLine } from '../terminal/words.ts'
import { type Command, valueOf } from './command.ts'

/** `headwater transactions running` */
export const running: Command = async ({ open, options }) => {
  const { stores } = await open()
  const longerThan = options['longerThan'] as number
  const values = [longerThan, options['statements'] === true]
  const { rows } = valueOf(await stores.postgres.query<RunningSession>(selectRunning, values))
  const sessions = rows.map(({ since_ms: sinceMs, waits_for: waits, blocked_by: by, ...row }) => ({
    ...{ ...row, sinceMs: Math.round(sinceMs), waitsFor: waits === '' ? null : waits },
    blockedBy: by,
  }))
  return {
    data: { sessions },
    text: (paint) =>
      sessions.length === 0
        ? `Nothing has run for ${duration(longerThan)}.`
        : table(
            paint,
            ['process', 'application', 'state', 'for', 'waits for', 'blocked by', 'statement'],
            sessions.map(({ pid, application, state, sinceMs, waitsFor, blockedBy, statement }) => [
              pid,
              application,
              state,
              duration(sinceMs),
              waitsFor ?? '',
              blockedBy.length === 0 ? '' : paint('bad', blockedBy.join(', ')),
              oneLine(statement),
            ]),
          ),
  }
}
