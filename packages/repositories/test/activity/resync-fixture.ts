import { orThrow, type MongodbStore, type ResyncFinding, type ResyncReport } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { documents, type RepositoriesFixture } from '../repositories-fixture.ts'

/** The collections of the event log. */
export const collections = ['user_activity', 'enrollment_events', 'search_logs'] as const

/** The current moment; the next one that is asked for is another. */
export async function moment(): Promise<Date> {
  const now = new Date()
  await eventually(() => Date.now() > now.getTime() + 1)
  return now
}

/** MongoDB, which every fixture here has. */
export function mongodbOf({ stores: { mongodb } }: RepositoriesFixture): MongodbStore {
  if (mongodb === undefined) throw new Error('the stores have no MongoDB')
  return mongodb
}

/** Waits until what was recorded so far is written. */
export async function written(app: RepositoriesFixture): Promise<void> {
  const id = orThrow(app.activity.record({ type: 'test.mark' }))
  await eventually(async () =>
    (await documents(app, 'user_activity')).some(({ _id }) => _id === id),
  )
}

/** The number of documents of each collection. */
export async function countsOf(app: RepositoriesFixture, suffix = ''): Promise<number[]> {
  return Promise.all(collections.map(async (name) => (await documents(app, name + suffix)).length))
}

/** What the part of the event log found. */
export function ofActivity(report: ResyncReport): readonly ResyncFinding[] {
  return report.parts.find(({ part }) => part === 'activity')?.findings ?? []
}

/** The days after which documents of a collection are deleted, by the name of the index. */
export async function expiryOf(
  app: RepositoriesFixture,
  collection: string,
): Promise<Record<string, number>> {
  const indexes = orThrow(
    await mongodbOf(app).run('indexes', (database) => database.collection(collection).indexes()),
  )
  return Object.fromEntries(
    indexes
      .filter(({ expireAfterSeconds }) => typeof expireAfterSeconds === 'number')
      .map(({ name, expireAfterSeconds }) => [String(name), Number(expireAfterSeconds) / 86_400]),
  )
}
