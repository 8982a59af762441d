import * as z from 'zod/mini'
import { err, invalidField, ok, once, storableText } from '@headwater/core'
import { action, count, type Action } from '../action.ts'
import type { ConsoleOptions } from '../console-options.ts'
import type { LimitState, SessionsScreen, SessionState } from '../contract/screens.ts'
import type { Screen, View } from '../screen.ts'

type Sessions = NonNullable<ConsoleOptions['sessions']>
type Limiters = NonNullable<ConsoleOptions['limiters']>

const sessionInput = once(() => z.strictObject({ id: storableText(255) }))
const userInput = once(() => z.strictObject({ userId: storableText(255) }))
const limitInput = once(() =>
  z.strictObject({ limiter: storableText(255), subject: storableText(255) }),
)

/** Sessions of a user, and the limits of a subject; `undefined` where the host gave neither. */
export function sessionsScreen({
  sessions,
  limiters,
}: Pick<ConsoleOptions, 'sessions' | 'limiters'>): Screen | undefined {
  if (sessions === undefined && limiters === undefined) return undefined
  const screen: SessionsScreen = {
    hasSessions: sessions !== undefined,
    limiters: Object.keys(limiters ?? {}),
  }
  return {
    name: 'sessions',
    views: {
      sessions: async () => ok(screen),
      ...(sessions === undefined ? {} : { 'sessions/user': sessionsOf(sessions) }),
      ...(limiters === undefined ? {} : { 'sessions/limits': limitsOf(limiters) }),
    },
    actions: {
      ...(sessions === undefined ? {} : sessionActions(sessions)),
      ...(limiters === undefined ? {} : { 'sessions/reset-limit': resetLimit(limiters) }),
    },
  }
}

function sessionsOf(sessions: Sessions): View {
  return async (query) => {
    const listed = await sessions.list(query.get('userId') ?? '')
    return listed.map((all) =>
      all.map(({ id, createdAt, expiresAt }): SessionState => ({
        id,
        createdAt: createdAt.getTime(),
        expiresAt: expiresAt.getTime(),
      })),
    )
  }
}

function sessionActions(sessions: Sessions): Readonly<Record<string, Action>> {
  return {
    'sessions/revoke': action(sessionInput(), ({ id }) =>
      sessions.revoke({ id }).map((wasLive) => ({
        outcome: wasLive ? 'ended the session' : 'found no such session',
      })),
    ),
    'sessions/revoke-all': action(userInput(), ({ userId }) =>
      sessions
        .revokeAll(userId)
        .map((number) => ({ outcome: `ended ${count(number, 'session')}` })),
    ),
  }
}

function limitsOf(limiters: Limiters): View {
  return async (query) => {
    const subject = query.get('subject') ?? ''
    if (subject === '') return err(invalidField('subject', 'is required'))
    const states = Object.entries(limiters).map(async ([limiter, each]): Promise<LimitState> => {
      const { success, limit, remaining, retryAfterMs, isDegraded } = await each.peek(subject)
      return { limiter, isLimited: !success, limit, remaining, retryAfterMs, isDegraded }
    })
    return ok(await Promise.all(states))
  }
}

function resetLimit(limiters: Limiters): Action {
  return action(limitInput(), async ({ limiter, subject }) => {
    const chosen = Object.hasOwn(limiters, limiter) ? limiters[limiter] : undefined
    if (chosen === undefined) return err(invalidField('limiter', 'must be one of those listed'))
    const reset = await chosen.reset(subject)
    return reset.map(() => ({ outcome: 'reset the limit' }))
  })
}
