// A process that keeps the values it is asked to keep, and drops them when they change.
import { once } from 'node:events'
import type { Cache } from '@headwater/core'
import type { Course } from './courses.ts'
import { connectNear, courseCache, makeNear, type NearFixture } from './near-fixture.ts'

/** What a member is asked to keep. */
export interface Keep {
  readonly cache: string
  readonly ids: readonly number[]
}

process.once('disconnect', () => {
  process.exit(1)
})
type Urls = Pick<NearFixture, 'redisUrl' | 'postgresUrl'>
const [urls] = (await once(process, 'message')) as [Urls]
const stores = await connectNear(urls)
const caches = new Map<string, Cache<number, Course>>()
process.on('message', ({ cache: name, ids }: Keep) => {
  const cache = caches.get(name) ?? courseCache(stores, name)
  caches.set(name, cache)
  void makeNear(cache, ids).then(() => process.send?.('near'))
})
process.send?.('ready')
