// What a rate limit costs: one request against the same script sent by hand with EVALSHA, many at once and one by one; two limits against two scripts by hand.
import { parseArgs } from 'node:util'
import { connect, createRateLimiter, createRateLimits, orThrow } from '@headwater/core'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { createClient } from 'redis'
import { takeScript } from '../packages/core/src/rate-limit/gcra-scripts.ts'
import type { Contest } from './measure/alternate.ts'
import { hold } from './measure/hold.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const callers = 50
const turns = 20

const [postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer({ onProgress: console.error })])
const stores = orThrow(await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }))
const client = createClient({ url: redis.url })
try {
  await client.connect()
  const sha = await client.scriptLoad(takeScript.source)
  const rate = { limit: 1_000_000, windowMs: 60_000 }
  const rateValues = [String(rate.limit), String(rate.windowMs * 1_000 / rate.limit)]
  const subjects = Array.from({ length: callers }, (_, n) => `user ${n}`)
  const limiter = createRateLimiter(stores, { name: 'ours', ...rate })
  const limits = createRateLimits(stores, { limits: { user: rate, address: rate } })
  const byHand = async (subject: string, name = 'theirs'): Promise<unknown> => {
    const [allowed, remaining, resetUs, retryAfterUs] = await client.evalSha(sha, { keys: [`ratelimit:${encodeURIComponent(subject)}:${name}`], arguments: rateValues }) as number[]
    return { success: allowed === 1, limit: rate.limit, remaining, resetMs: Math.ceil(Number(resetUs) / 1_000), retryAfterMs: Math.ceil(Number(retryAfterUs) / 1_000) }
  }
  const together = (take: (subject: string) => Promise<unknown>) => async (): Promise<void> => { for (let turn = 0; turn < turns; turn += 1) await Promise.all(subjects.map(take)) }
  const inARow = (take: (subject: string) => Promise<unknown>) => async (): Promise<void> => { for (let turn = 0; turn < 4; turn += 1) for (const subject of subjects) await take(subject) }
  const one = (subject: string): Promise<unknown> => limiter.take(subject)
  const contests: Record<string, Contest> = {
    vsRaw: { ours: () => together(one), theirs: () => together((subject) => byHand(subject)), operations: turns * callers },
    oneByOneVsRaw: { ours: () => inARow(one), theirs: () => inARow((subject) => byHand(subject)), operations: 4 * callers },
    twoLimitsVsRaw: {
      ours: () => together((subject) => limits.take({ user: subject, address: subject })),
      theirs: () => together((subject) => Promise.all([byHand(subject, 'a'), byHand(subject, 'b')])),
      operations: turns * callers,
    },
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
