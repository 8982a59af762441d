// The cost of recording activity: the call against an array and a check by hand, and the way into
// MongoDB against a bare batched insertMany.
import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import { MongoClient } from 'mongodb'
import { bench, type Bench, type Figures } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import { startMongodbProcess } from './mongodb-process.ts'
import { recordContest } from './record.ts'
import { batchSize, sustainedContest } from './sustained.ts'

const database = `bench_activity_${process.pid}`

await bench(async ({ postgres, redis }) => {
  const mongodb = await startMongodbProcess()
  const bare = new MongoClient(mongodb.url)
  try {
    const stores = await openStores({ postgres, redis }, mongodb.url)
    const figures = await measure(stores, bare)
    await bare.db(database).dropDatabase()
    orThrow(await stores.close())
    return figures
  } finally {
    await bare.close()
    await mongodb.stop()
  }
})

async function openStores(
  { postgres, redis }: Pick<Bench, 'postgres' | 'redis'>,
  mongodbUrl: string,
): Promise<Stores> {
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url },
      mongodb: { url: mongodbUrl, database },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  return stores
}

async function measure(stores: Stores, bare: MongoClient): Promise<Figures> {
  let dropped = 0
  stores.diagnostics.on('activity:dropped', ({ count }) => {
    dropped += count
  })
  const { activity } = createRepositories(stores, { activity: { batchSize, maxBuffered: 20_000 } })
  const sustained = await runContest(
    'vsInsertMany',
    sustainedContest(activity, bare.db(database).collection('bare')),
    { rounds: { warmUps: 3, alternations: 15 } },
  )
  const recorded = await runContest('recordVsArrayPush', recordContest(activity), {
    rounds: { warmUps: 30, alternations: 41 },
  })
  if (dropped > 0)
    throw new Error(`${dropped} events were dropped, so the figures would mean nothing`)
  return {
    vsInsertMany: sustained.timesFaster,
    recordVsArrayPush: 1 / recorded.timesFaster,
  }
}
