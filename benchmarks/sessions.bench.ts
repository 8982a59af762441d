// What a session costs: reading one by its token against GET and JSON.parse by hand, with the token hashed as well, many at once and one by one.
import { hash, randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { connect, createSessions, migrate, orThrow } from '@headwater/core'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { createClient } from 'redis'
import type { Contest } from './measure/alternate.ts'
import { hold } from './measure/hold.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const callers = 50
const turns = 20

const [postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer({ onProgress: console.error })])
const stores = orThrow(await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }))
const client = createClient({ url: redis.url })
try {
  orThrow(await migrate(stores))
  await client.connect()
  const sessions = createSessions(stores)
  const data = { roles: ['student'], locale: 'en' }
  const ours = await Promise.all(Array.from({ length: callers }, async (_, userId) => orThrow(await sessions.create({ userId, data })).token))
  const theirs = ours.map(() => randomBytes(32).toString('base64url'))
  const keyOf = (token: string): string => `raw:${hash('sha256', token)}`
  await Promise.all(theirs.map((token, userId) => client.set(keyOf(token), JSON.stringify({ userId, data, createdAt: Date.now(), expiresAt: Date.now() + 86_400_000 }), { PX: 86_400_000 })))
  const read = async (token: string): Promise<unknown> => {
    const text = await client.get(keyOf(token))
    if (text === null) return undefined
    const { createdAt, expiresAt, ...session } = JSON.parse(text) as { userId: number, data: unknown, createdAt: number, expiresAt: number }
    return { ...session, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) }
  }
  const get = async (token: string): Promise<unknown> => orThrow(await sessions.get(token))
  const together = (tokens: readonly string[], one: (token: string) => Promise<unknown>) => async (): Promise<void> => { for (let turn = 0; turn < turns; turn += 1) await Promise.all(tokens.map(one)) }
  const inARow = (tokens: readonly string[], one: (token: string) => Promise<unknown>) => async (): Promise<void> => { for (let turn = 0; turn < 4; turn += 1) for (const token of tokens) await one(token) }
  const contests: Record<string, Contest> = {
    vsRaw: { ours: () => together(ours, get), theirs: () => together(theirs, read), operations: turns * callers },
    oneByOneVsRaw: { ours: () => inARow(ours, get), theirs: () => inARow(theirs, read), operations: 4 * callers },
  }
  const figures: Record<string, number> = {}
  for (const [name, contest] of Object.entries(contests)) {
    figures[name] = await hold(name, contest, { concurrency: name === 'oneByOneVsRaw' ? 1 : callers, isProfiled: !values.json })
  }
  console.log(values.json ? JSON.stringify({ vsRaw: figures['vsRaw'] }) : figures)
  orThrow(await stores.close())
} finally {
  client.destroy()
  await Promise.all([postgres.stop(), redis.stop()])
}
