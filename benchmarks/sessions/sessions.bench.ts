// The cost of a session: reading one by its token against GET and JSON.parse by hand, which hashes
// the token as well, many at once and one by one.
import { hash, randomBytes } from 'node:crypto'
import { createSessions, orThrow } from '@headwater/core'
import {
  callers,
  benchAgainstRedis,
  inARow,
  together,
  type Duel,
} from '../measure/against-redis.ts'

const lifetimeMs = 86_400_000
const data = { roles: ['student'], locale: 'en' }

await benchAgainstRedis(async (stores, client) => {
  const sessions = createSessions(stores)
  const ours = await Promise.all(
    Array.from(
      { length: callers },
      async (_, userId) => orThrow(await sessions.create({ userId, data })).token,
    ),
  )
  const theirs = ours.map(() => randomBytes(32).toString('base64url'))
  const keyOf = (token: string): string => `raw:${hash('sha256', token)}`
  const textOf = (userId: number): string =>
    JSON.stringify({ userId, data, createdAt: Date.now(), expiresAt: Date.now() + lifetimeMs })
  await Promise.all(
    theirs.map((token, userId) => client.set(keyOf(token), textOf(userId), { PX: lifetimeMs })),
  )
  const read = async (token: string): Promise<unknown> => {
    const text = await client.get(keyOf(token))
    if (text === null) return undefined
    const { createdAt, expiresAt, ...session } = JSON.parse(text) as {
      userId: number
      data: unknown
      createdAt: number
      expiresAt: number
    }
    return { ...session, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) }
  }
  const duel: Duel<string> = {
    ours: { items: ours, one: async (token) => orThrow(await sessions.get(token)) },
    theirs: { items: theirs, one: read },
  }
  return { vsRaw: together(duel), oneByOneVsRaw: inARow(duel) }
})
