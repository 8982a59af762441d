import { okAsync, orThrow, ResultAsync } from '@headwater/core'
import type { MongodbStore } from '@headwater/core'
import type { User } from '@headwater/repositories'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MongodbDatabase } from '../../src/activity/collections.ts'
import { SetAsides } from '../../src/activity/resync/set-aside.ts'
import { retentionOf } from '../../src/activity/retention.ts'
import { Erasures } from '../../src/users/erasures.ts'
import { documents, openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'
import { moment, mongodbOf, written } from './resync-fixture.ts'

let app: RepositoriesFixture
let user: User

beforeAll(async () => {
  app = await openFixture()
})
beforeEach(async () => {
  user = await app.newUser()
})
afterAll(() => app.dispose())

const view = (): string =>
  orThrow(app.activity.record({ userId: user.id, type: 'page.viewed', data: { path: '/' } }))

const namingIn = async (collection: string): Promise<string[]> =>
  (await documents(app, collection))
    .filter((document) => document['user_id'] === user.id)
    .map(({ _id }) => _id)

/** Moves activities with this MongoDB. */
async function move(ids: readonly string[], mongodb: MongodbStore) {
  const restoredTo = await moment()
  const readLog = () => okAsync({ has: () => false })
  const asides = new SetAsides({
    stores: app.stores,
    mongodb,
    erasures: new Erasures(app.stores, mongodbOf(app)),
    retention: retentionOf(undefined),
    restore: { restoredTo, since: restoredTo, openedAt: new Date(), readLog },
  })
  return orThrow(await asides.move({ collection: 'user_activity', ids }))
}

type Run = MongodbStore['run']

/** The same MongoDB, with another way to set aside. */
function settingAside(run: (...call: Parameters<Run>) => ReturnType<Run>): MongodbStore {
  const mongodb = mongodbOf(app)
  const choose = (...call: Parameters<Run>) =>
    call[0] === 'set aside' ? run(...call) : mongodb.run(...call)
  return Object.create(mongodb, { run: { value: choose } }) as MongodbStore
}

test('A user who is erased while documents are set aside is not named by the copies', async () => {
  const viewed = view()
  await written(app)
  const erase = async (): Promise<void> => {
    orThrow(await app.users.delete(user.id))
    await app.deliver()
  }
  const erasing = settingAside((...call) =>
    ResultAsync.fromSafePromise(erase()).andThen(() => mongodbOf(app).run(...call)),
  )
  expect(await move([viewed], erasing)).toEqual({ moved: 1, left: 0 })
  const copies = await documents(app, 'user_activity_set_aside')
  expect(copies.map(({ _id }) => _id)).toContain(viewed)
  expect(await namingIn('user_activity_set_aside')).toEqual([])
})

test('Documents that are gone before they are moved are not counted', async () => {
  const viewed = view()
  await written(app)
  expect(await move([viewed, 'gone'], mongodbOf(app))).toEqual({ moved: 1, left: 0 })
  expect(await namingIn('user_activity')).not.toContain(viewed)
})

test('Documents that MongoDB refuses to copy stay, and are counted apart', async () => {
  const [first, second] = [view(), view()]
  await written(app)
  const refusing = settingAside((operation, use, options) =>
    mongodbOf(app).run(
      operation,
      (database, signal) => use(refusingTheFirst(database), signal),
      options,
    ),
  )
  expect(await move([first, second], refusing)).toEqual({ moved: 1, left: 1 })
  expect(await namingIn('user_activity')).toContain(first)
  expect(await namingIn('user_activity')).not.toContain(second)
  expect(await namingIn('user_activity_set_aside')).toEqual([second])
})

/** A database that refuses the first of the documents that are copied, as by a validator. */
function refusingTheFirst(database: MongodbDatabase): MongodbDatabase {
  const copying = (name: string) => ({
    insertMany: async ([, ...others]: readonly { readonly _id: string }[]) => {
      await database.collection<{ readonly _id: string }>(name).insertMany(others)
      throw Object.assign(new Error('refused'), { writeErrors: [{ index: 0, code: 121 }] })
    },
  })
  const collection = (name: string) =>
    name.endsWith('_set_aside') ? copying(name) : database.collection(name)
  return Object.create(database, { collection: { value: collection } }) as MongodbDatabase
}
