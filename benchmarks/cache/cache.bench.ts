// What the cache costs: hits against bare Redis and against bentocache, misses against the same by
// hand, loads when many ask at once.
import { parseArgs } from 'node:util'
import { connect, migrate, orThrow } from '@headwater/core'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { Pool } from 'pg'
import { alternate, type Contest, type Outcome } from '../measure/alternate.ts'
import { hitContests } from './hits.ts'
import { missContest } from './misses.ts'
import { profileOf } from '../measure/profile.ts'
import { openRawRedis } from './raw-redis.ts'
import { loadsUnderHold, loadsUnderStampede } from './stampede.ts'
import { createUsers } from './users.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const profiledRounds = 30
const figures: Record<string, number> = {}
const [postgres, redis] = await Promise.all([
  startPostgresServer(),
  startRedisServer({ onProgress: say }),
])
const pool = new Pool({ connectionString: postgres.url })
const stores = orThrow(
  await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
)
try {
  orThrow(await migrate(stores))
  await pool.query(createUsers)
  const grounds = { stores, pool, raw: await openRawRedis(redis.url, pool), redisUrl: redis.url }
  const { contests, floor, close } = await hitContests(grounds)
  for (const [name, contest] of Object.entries(contests))
    figures[name] = (await hold(name, contest)).timesFaster
  if (!values.json) await hold('concurrent hits against one MGET by hand', floor)
  figures['missVsRaw'] = 1 / (await hold('missVsRaw', missContest(grounds))).timesFaster
  figures['loadsUnderStampede'] = await loadsUnderStampede({
    redisUrl: redis.url,
    postgresUrl: postgres.url,
  })
  figures['loadsUnderHold'] = await loadsUnderHold(stores)
  await Promise.all([close(), grounds.raw.close(), pool.end(), stores.close()])
} finally {
  await Promise.all([postgres.stop(), redis.stop()])
}
const rounded = Object.fromEntries(
  Object.entries(figures).map(([name, figure]) => [name, Math.round(figure * 100) / 100]),
)
console.log(values.json ? JSON.stringify(rounded) : rounded)

/**
 * Holds a contest and tells, part by part, where the time goes that ours takes and where that of
 * the other goes.
 */
async function hold(name: string, contest: Contest): Promise<Outcome> {
  const outcome = await alternate(contest)
  say(
    `${name}: ${outcome.oursUs.toFixed(1)} µs against ${outcome.theirsUs.toFixed(1)} µs an operation, ${outcome.timesFaster.toFixed(2)} times as fast`,
  )
  if (values.json) return outcome
  const ours = await profileOf(() => repeat(contest.ours))
  const theirs = await profileOf(() => repeat(contest.theirs))
  for (const part of new Set([...ours.keys(), ...theirs.keys()])) {
    const [one, other] = [
      (ours.get(part) ?? 0) * outcome.oursUs,
      (theirs.get(part) ?? 0) * outcome.theirsUs,
    ]
    if (Math.max(one, other) > outcome.oursUs / 50)
      say(`  ${part.padEnd(24)}${one.toFixed(1).padStart(8)} µs${other.toFixed(1).padStart(8)} µs`)
  }
  return outcome
}

async function repeat(contestant: Contest['ours']): Promise<void> {
  for (let round = 0; round < profiledRounds; round += 1) await (await contestant())()
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
