// What recording activity costs: the call against an array and a check by hand, and the whole way
// against a bare batched insertMany.
import { parseArgs } from 'node:util'
import { connect, migrate, orThrow } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { MongoClient } from 'mongodb'
import { startMongodbProcess } from './mongodb-process.ts'
import { recordContest } from './record.ts'
import { batchSize, sustainedContest } from './sustained.ts'
import { alternate, type Contest, type Rounds } from '../measure/alternate.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const database = `bench_activity_${process.pid}`
const [postgres, redis, mongodb] = await Promise.all([
  startPostgresServer(),
  startRedisServer({ onProgress: say }),
  startMongodbProcess(),
])
const bare = new MongoClient(mongodb.url)
try {
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url },
      mongodb: { url: mongodb.url, database },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  let dropped = 0
  stores.diagnostics.on('activity:dropped', ({ count }) => {
    dropped += count
  })
  const { activity } = createRepositories(stores, { activity: { batchSize, maxBuffered: 20_000 } })
  const vsInsertMany = (
    await hold('vsInsertMany', sustainedContest(activity, bare.db(database).collection('bare')), {
      warmUps: 3,
      alternations: 15,
    })
  ).timesFaster
  const recordVsArrayPush =
    1 /
    (await hold('recordVsArrayPush', recordContest(activity), { warmUps: 30, alternations: 41 }))
      .timesFaster
  if (dropped > 0) throw new Error(`${dropped} events were dropped: this is no measurement`)
  await bare.db(database).dropDatabase()
  orThrow(await stores.close())
  const figures = {
    vsInsertMany: Math.round(vsInsertMany * 100) / 100,
    recordVsArrayPush: Math.round(recordVsArrayPush * 100) / 100,
  }
  console.log(values.json ? JSON.stringify(figures) : figures)
} finally {
  await bare.close()
  await Promise.all([postgres.stop(), redis.stop(), mongodb.stop()])
}

async function hold(name: string, contest: Contest, rounds: Rounds) {
  const outcome = await alternate(contest, rounds)
  say(`${name}: ${outcome.oursUs.toFixed(2)} µs an event against ${outcome.theirsUs.toFixed(2)} µs`)
  return outcome
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
