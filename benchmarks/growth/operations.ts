import { type AsyncResult, type Failure, orThrow, outbox, type Stores } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'
import { createCourseSearch, hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import { alternate } from '../measure/alternate.ts'
import type { Bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'
import { openBigTables } from './big-tables.ts'

/** Rows of the tables on either side. */
export interface Sizes {
  readonly few: number
  readonly many: number
}

/**
 * What a request can call over many users and courses, as a multiple of the same over few. Lists,
 * searches and suggestions are not cached.
 */
export async function operationFigures(servers: Pick<Bench, 'postgres' | 'redis'>, sizes: Sizes) {
  const { few, many } = sizes
  const [small, big] = [await openBigTables(servers, few), await openBigTables(servers, many)]
  try {
    const [ofFew, ofMany] = [operationsOf(small, few), operationsOf(big, many)]
    const growth: Record<string, number> = {}
    for (const [name, ours] of Object.entries(ofFew)) {
      const theirs = ofMany[name] ?? ours
      growth[name] = await growthOf(name, { ours, theirs, sizes })
    }
    return { growth }
  } finally {
    for (const stores of [small, big]) orThrow(await stores.close())
  }
}

type Operation = () => PromiseLike<unknown>

interface Pair {
  readonly ours: Operation
  readonly theirs: Operation
  readonly sizes: Sizes
}

async function growthOf(
  name: string,
  { ours, theirs, sizes: { few, many } }: Pair,
): Promise<number> {
  const once = (operation: Operation) => () => async () => operation()
  const { oursUs, theirsUs, timesFaster } = await alternate(
    { ours: once(ours), theirs: once(theirs), operations: 1 },
    { warmUps: 3, alternations: 15 },
  )
  say(
    `${name}: ${(oursUs / 1_000).toFixed(1)} ms at ${few}, ${(theirsUs / 1_000).toFixed(1)} at ${many}`,
  )
  return timesFaster
}

function operationsOf(stores: Stores, size: number): Record<string, Operation> {
  return { ...readsOf(stores, size), ...writesOf(stores, size), ...searchesOf(stores) }
}

const done = async (work: AsyncResult<unknown, Failure<string>>): Promise<unknown> =>
  orThrow(await work)

function readsOf(stores: Stores, size: number): Record<string, Operation> {
  const { courses, users } = createRepositories(stores)
  let user = size / 2
  const next = (): string => `user${(user += 1)}`
  return {
    'courses.list newest': () => done(courses.list()),
    'courses.list price': () => done(courses.list({ sort: 'price-ascending' })),
    'courses.list title': () => done(courses.list({ sort: 'title' })),
    'courses.list popularity': () => done(courses.list({ sort: 'popularity' })),
    'courses.list category': () => done(courses.list({ category: 'category 3' })),
    'courses.list price range': () => done(courses.list({ minPrice: '150', maxPrice: '151' })),
    'courses.list with seats': () => done(courses.list({ hasSeats: true })),
    'courses.list full': () => done(courses.list({ hasSeats: false })),
    'users.list': () => done(users.list()),
    'users.findByEmail': () => done(users.findByEmail(`${next()}@example.com`)),
    'users.findByUsername': () => done(users.findByUsername(next())),
    'outbox.status': () => done(outbox(stores).status()),
  }
}

function writesOf(stores: Stores, size: number): Record<string, Operation> {
  const { courses, enrollments, users } = createRepositories(stores)
  let turn = 0
  // Users above the instructors, whom nobody may delete; every fiftieth course has seats.
  const nextUser = (): number => size - (turn += 1)
  return {
    'enrollments.enroll': () =>
      done(enrollments.enroll({ userId: nextUser(), courseId: 1 + 50 * turn })),
    'courses.update': () => done(courses.update(51, { title: `Another ${(turn += 1)}` })),
    'users.delete': () => done(users.delete(nextUser())),
  }
}

/** Each has a search of its own, with a ranking of its own, which no other has cached. */
function searchesOf(stores: Stores): Record<string, Operation> {
  const { courses } = createRepositories(stores)
  const [embedder, index] = [hashingEmbedder(), inMemoryVectorIndex()]
  let denseWeight = 1
  const fresh = () => {
    denseWeight += 0.001
    return createCourseSearch(stores, { courses, embedder, index, denseWeight })
  }
  return {
    'search misspelt': () => done(fresh().search('kuberntes')),
    'search two misspelt': () => done(fresh().search('machnie lerning')),
    'search nonsense': () => done(fresh().search('xqzzt')),
    'search.count': () => done(fresh().count('guitar')),
    'suggest, one letter': () => done(fresh().suggest('p')),
    'suggest, a word': () => done(fresh().suggest('python')),
    'suggest, a word of every title': () => done(fresh().suggest('lesson')),
  }
}
