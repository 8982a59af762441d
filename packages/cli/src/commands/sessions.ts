import { createSessions } from '@headwater/core'
import type { Session } from '@headwater/core'
import type { HeadwaterServices } from '../config/config.ts'
import { table } from '../terminal/table.ts'
import { counted, moment } from '../terminal/words.ts'
import { type Command, type Invocation, plan, valueOf } from './command.ts'
import { UsageError } from './usage-error.ts'

type OperatedSessions = NonNullable<HeadwaterServices['sessions']>

/** `headwater sessions list` */
export const list: Command = async (invocation) => {
  const userId = userIdOf(invocation)
  const sessions = valueOf(await (await sessionsOf(invocation)).list(userId)).map(withoutData)
  return {
    data: { userId, sessions },
    text: (paint) =>
      sessions.length === 0
        ? `The user has no session.${typeof userId === 'number' ? textHint : ''}`
        : table(
            paint,
            ['session', 'began', 'ends'],
            sessions.map(({ id, createdAt, expiresAt }) => [
              id,
              moment(createdAt),
              moment(expiresAt),
            ]),
          ),
  }
}

const textHint = ' Where ids of users are texts, add --text-id.'

/** `headwater sessions revoke` */
export const revoke: Command = async (invocation) => {
  const { args, options } = invocation
  const { session, yes } = options as { session?: string; yes?: boolean }
  if ((args[0] === undefined) === (session === undefined))
    throw new UsageError('name either a user or --session')
  return session === undefined ? revokeAll(invocation) : revokeOne(invocation, session, yes)
}

async function revokeAll(invocation: Invocation) {
  const userId = userIdOf(invocation)
  const sessions = await sessionsOf(invocation)
  if (invocation.options['yes'] !== true) {
    const found = valueOf(await sessions.list(userId)).map(withoutData)
    const data = { userId, sessions: found }
    return plan(data, () => `Would end ${counted(found.length, 'session')} of user ${userId}.`)
  }
  const revoked = valueOf(await sessions.revokeAll(userId))
  return {
    data: { userId, revoked, isApplied: true },
    text: () => `${counted(revoked, 'session')} of user ${userId} ended.`,
  }
}

async function revokeOne(invocation: Invocation, id: string, yes: boolean | undefined) {
  if (yes !== true) return plan({ session: id }, () => `Would end the session ${id}.`)
  const isRevoked = valueOf(await (await sessionsOf(invocation)).revoke({ id }))
  return {
    data: { session: id, revoked: isRevoked ? 1 : 0, isApplied: true },
    text: () => (isRevoked ? 'The session ended.' : 'There is no such session.'),
  }
}

async function sessionsOf({ open }: Invocation): Promise<OperatedSessions> {
  const { stores, services } = await open()
  return (await services()).sessions ?? createSessions(stores)
}

/** Ids of most applications are numbers; one of digits that is a text needs a word; 007 is one. */
function userIdOf({ args, options }: Invocation): string | number {
  const [text] = args as readonly [string]
  return options['textId'] !== true && /^(0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : text
}

/** What a host keeps in a session is nobody's business here. */
function withoutData({ id, userId, createdAt, expiresAt }: Session): Omit<Session, 'data'> {
  return { id, userId, createdAt, expiresAt }
}
