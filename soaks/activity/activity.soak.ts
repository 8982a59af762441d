// Checks that no activity is lost, duplicated or reordered while MongoDB is cut off, hangs and
// restarts, and processes are killed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, migrate, orThrow } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { say } from '../run/say.ts'
import { countsLine, failuresOf, soak, type Soak, type SoakOutcome } from '../run/soak.ts'
import { arrivals, deliverWhatIsLeft, type DirectUrls } from './aftermath.ts'
import { Chaos } from './chaos.ts'
import { judge } from './judge.ts'
import { RestartableMongodb } from './restartable-mongodb.ts'
import { WorkerSlot } from './worker-slot.ts'

const processes = 3
const database = 'activity_soak'

await soak(
  async (options) => {
    const directory = await mkdtemp(join(tmpdir(), 'headwater-soak-'))
    const mongodb = await RestartableMongodb.start()
    try {
      return await run(options, { directory, mongodb })
    } finally {
      await mongodb.stop()
      await rm(directory, { recursive: true, force: true })
    }
  },
  { seconds: 60 },
)

async function run(
  { seconds, postgres, redis }: Soak,
  { directory, mongodb }: { readonly directory: string; readonly mongodb: RestartableMongodb },
): Promise<SoakOutcome> {
  const urls = { postgresUrl: postgres.url, redisUrl: redis.url, mongodbUrl: mongodb.url, database }
  await createTables(urls)
  const slots = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      WorkerSlot.open(`recorder-${index}`, { ...urls, directory }),
    ),
  )
  const chaos = new Chaos(slots, mongodb)
  await chaos.run(seconds * 1_000)
  await Promise.all(slots.map((slot) => slot.close()))
  say(countsLine(chaos.faults))
  return outcomeOf(slots, urls)
}

async function outcomeOf(slots: readonly WorkerSlot[], urls: DirectUrls): Promise<SoakOutcome> {
  await deliverWhatIsLeft(urls)
  const notes = slots.flatMap((slot) => slot.notes())
  const { events, ...losses } = judge(notes, await arrivals(urls))
  say(`${notes.reduce((sum, { dropped }) => sum + dropped, 0)} events were dropped and reported`)
  const { lostDurable, lostBuffered, duplicates, outOfOrder } = losses
  return {
    summary: {
      soak: 'activity',
      events,
      kills: slots.reduce((sum, { kills }) => sum + kills, 0),
      ...losses,
    },
    failures: failuresOf([
      [lostDurable > 0, `${lostDurable} committed events were lost`],
      [lostBuffered > 0, `${lostBuffered} recorded events of surviving processes were lost`],
      [duplicates > 0, `${duplicates} events arrived more than once`],
      [outOfOrder > 0, `${outOfOrder} events arrived before an earlier one of their process`],
      [events === 0, 'no event was recorded'],
    ]),
  }
}

async function createTables({ postgresUrl, redisUrl }: DirectUrls): Promise<void> {
  const stores = orThrow(
    await connect({ postgres: { url: postgresUrl }, redis: { url: redisUrl } }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  orThrow(await stores.close())
}
