import { z } from 'zod'
import { checkOptions, option } from '../check-options.ts'
import { RedisSessions } from './redis-sessions.ts'
import {
  sessionDefaults,
  type SessionOptions,
  type Sessions,
  type SessionStores,
} from './sessions.ts'

const rules = z.object({
  ttlMs: option.durationMs,
  absoluteTtlMs: option.durationMs,
  lookEveryMs: option.durationMs,
})

/**
 * Creates the sessions of one application. Revoking needs the tables of core.
 *
 * @throws {@link InvalidOptions} when a time is not positive.
 * @example
 * ```ts
 * const sessions = createSessions(stores)
 * const { token } = orThrow(await sessions.create({ userId: 5 }))
 * const session = orThrow(await sessions.touch(token))
 * ```
 */
export function createSessions(stores: SessionStores, options: SessionOptions = {}): Sessions {
  const settings = { ...sessionDefaults, ...options }
  return new RedisSessions(stores, checkOptions('createSessions', rules, settings))
}
