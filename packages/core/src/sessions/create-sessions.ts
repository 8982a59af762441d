import { checkOptions, option, strictOptions } from '../check-options.ts'
import type { Json } from '../json/json.ts'
import { once } from '../once.ts'
import { RedisSessions } from './redis-sessions.ts'
import {
  sessionDefaults,
  type SessionOptions,
  type Sessions,
  type SessionStores,
  type SessionUserId,
} from './sessions.ts'

const rules = once(() =>
  strictOptions<SessionOptions>({
    ttlMs: option.durationMs(),
    absoluteTtlMs: option.durationMs(),
    lookEveryMs: option.timeoutMs(),
    maxPerUser: option.count(),
    maxDataLength: option.count(),
  }),
)

/**
 * Creates the sessions of one application. Revoking needs the tables of core. The type arguments
 * say which ids and which data the application stores; nothing checks them when it reads.
 *
 * @throws {@link InvalidOptions} when a time or a limit is not positive.
 * @example
 * ```ts
 * const sessions = createSessions<number, { role: string }>(stores)
 * const { token } = orThrow(await sessions.create({ userId: 5, data: { role: 'student' } }))
 * const session = orThrow(await sessions.touch(token))
 * console.log(session?.data.role) // 'student'
 * ```
 */
export function createSessions<
  UserId extends SessionUserId = SessionUserId,
  Data extends Json = Json,
>(stores: SessionStores, options: SessionOptions = {}): Sessions<UserId, Data> {
  const settings = { ...sessionDefaults, ...options }
  const { postgres, diagnostics, clock } = stores
  const sessions: Sessions = new RedisSessions(
    {
      postgres,
      redis: stores.redis.usedFor('sessions'),
      diagnostics,
      clock,
      beforeClose: (stop) => stores.beforeClose(stop),
    },
    checkOptions('createSessions', rules(), settings),
  )
  return sessions as Sessions<UserId, Data>
}
