import type { Json } from '../json.ts'
import type { Session } from './sessions.ts'

/** What a session keeps for the host. */
export type SessionPayload = Pick<Session, 'userId' | 'data'>

/**
 * Writes what a session keeps for the host. The scripts put three numbers in front: when it began,
 * when it ends at the latest and when it ends unless it is used, in milliseconds of the server's
 * clock.
 */
export function encodePayload({ userId, data }: SessionPayload): string {
  return JSON.stringify([userId, data])
}

/** Reads a session from what is stored under its key; `undefined` for what is none. */
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

/** When a stored session began, when it ends at the latest and when it ends unless it is used. */
export function timesOf(text: string): readonly number[] {
  return text.slice(0, text.indexOf('[')).trimEnd().split(' ').map(Number)
}
