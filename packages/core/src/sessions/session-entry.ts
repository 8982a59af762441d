import type { Json } from '../json.ts'
import type { Session } from './sessions.ts'

/** The host's part of a session. */
export type SessionPayload = Pick<Session, 'userId' | 'data'>

/** The moments of a session that no use of it moves, in milliseconds of the server's clock. */
export interface SessionTimes {
  /** When it began; under its first token, where that was rotated. */
  readonly createdAt: number
  /** When it ends in any case. */
  readonly limitAt: number
}

/**
 * Encodes the host's part of a session. The scripts put three moments in front of it: when it
 * began, when it ends in any case, and when it ends unless it is used.
 */
export function encodePayload({ userId, data }: SessionPayload): string {
  return JSON.stringify([userId, data])
}

/** Decodes a stored session; `undefined` for a text that is none. */
export function decodeSession(id: string, text: string | null): Session | undefined {
  const payload = text === null ? -1 : text.indexOf('[')
  if (text === null || payload < 0) return undefined
  const [createdEnd, limitEnd] = [text.indexOf(' '), text.lastIndexOf(' ', payload - 2)]
  const [userId, data] = JSON.parse(text.slice(payload)) as [string | number, Json]
  return {
    id,
    userId,
    data,
    createdAt: new Date(Number(text.slice(0, createdEnd))),
    expiresAt: new Date(Number(text.slice(limitEnd, payload))),
  }
}

/** Decodes the moments of a stored session that no use of it moves. */
export function decodeTimes(text: string): SessionTimes {
  const [createdAt = 0, limitAt = 0] = text.slice(0, text.indexOf('[')).split(' ').map(Number)
  return { createdAt, limitAt }
}
