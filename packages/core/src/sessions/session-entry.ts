import type { Json } from '../json/json.ts'
import type { Session } from './sessions.ts'

/** The host's part of a session. */
export type SessionPayload = Pick<Session, 'userId' | 'data'>

/** The times of a session that no use of it moves; moments in ms of the server's clock. */
export interface SessionTimes {
  /** When it began; under its first token, where that was rotated. */
  readonly createdAt: number
  /** When it ends in any case. */
  readonly limitAt: number
  /** Its own idle time in milliseconds; `undefined` for the one of all sessions. */
  readonly ownTtlMs: number | undefined
}

/**
 * Encodes the host's part of a session. The scripts put its times in front of it: when it began,
 * when it ends in any case, when it ends unless it is used, and its own idle time if it has one.
 */
export function encodePayload({ userId, data }: SessionPayload): string {
  return JSON.stringify([userId, data])
}

/** Decodes a stored session; `undefined` for a text that is none. */
export function decodeSession(id: string, text: string | null): Session | undefined {
  const payload = text === null ? -1 : text.indexOf('[')
  if (text === null || payload < 0) return undefined
  const [createdAt = 0, , expiresAt = 0] = timesIn(text, payload)
  try {
    const [userId, data] = JSON.parse(text.slice(payload)) as [string | number, Json]
    return { id, userId, data, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) }
  } catch {
    return undefined
  }
}

/** Decodes the times of a stored session that no use of it moves. */
export function decodeTimes(text: string): SessionTimes {
  const [createdAt = 0, limitAt = 0, , ownTtlMs] = timesIn(text, text.indexOf('['))
  return { createdAt, limitAt, ownTtlMs }
}

function timesIn(text: string, payload: number): number[] {
  return text
    .slice(0, payload - 1)
    .split(' ')
    .map(Number)
}
