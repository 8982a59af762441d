import { enrolledIn, published, queries, queryOf, titleOf, users } from '../../flows/data.ts'
import { instructorOf } from '../data.ts'
import { type Chance, chanceOf, zipf } from './zipf.ts'

/** A request, as it is sent. */
export interface Request {
  readonly operation: string
  readonly text: string
}

/** A hit that a search has shown before. */
export interface ShownHit {
  readonly searchId: string
  readonly courseId: number
  readonly position: number
  readonly proof: string
}

/** What requests are made of. */
export interface RequestOptions {
  /** A session of each user, in the order of their ids. */
  readonly tokens: readonly string[]
  /** What is clicked on. */
  readonly hits: readonly ShownHit[]
  /** Percent of the requests that write. */
  readonly writes: number
  /** The operations that are asked for, each as often; empty for all of them. */
  readonly only: readonly string[]
}

/** Draws requests: a few keys get most of them. Every side gets the same ones in one order. */
export function requestsOf({ tokens, hits, writes, only }: RequestOptions): () => Request {
  const chance = chanceOf(1)
  const make = operationsOf(hits, chance)
  const onlyShares = Object.fromEntries(only.map((operation) => [operation, 1]))
  const shares = (): Shares => {
    if (only.length > 0) return onlyShares
    return chance() * 100 < writes ? writeShares : readShares
  }
  return () => {
    const operation = drawn(shares(), chance)
    const { method, path, userId, body } = make[operation]()
    return { operation, text: textOf(method, path, tokens[userId - 1] ?? '', body) }
  }
}

const readShares = { course: 30, profile: 25, enrollments: 20, search: 15 } as const
const writeShares = { updateUser: 1, updateCourse: 1, enroll: 1, click: 1 } as const

type Operation = keyof typeof readShares | keyof typeof writeShares

type Shares = Readonly<Partial<Record<Operation, number>>>

interface Asked {
  readonly method: 'GET' | 'PATCH' | 'POST'
  readonly path: string
  readonly userId: number
  readonly body?: object
}

function operationsOf(
  hits: readonly ShownHit[],
  chance: Chance,
): Readonly<Record<Operation, () => Asked>> {
  const [user, course, query] = [users, published, queries].map((count) => zipf(count, chance)) as [
    () => number,
    () => number,
    () => number,
  ]
  const newSeat = seatsOf(chance)
  let count = 0
  const get = (path: string, userId = user()): Asked => ({ method: 'GET', path, userId })
  return {
    course: () => get(`/courses/${course()}`),
    profile: () => get('/me'),
    enrollments: () => get('/me/enrollments'),
    search: () => get(`/search?q=${encodeURIComponent(queryOf(query() - 1))}`),
    updateUser: () => {
      const body = { fullName: `Name ${(count += 1)}` }
      return { method: 'PATCH', path: '/me', userId: user(), body }
    },
    updateCourse: () => {
      const id = course()
      const body = { title: `${titleOf(id)}, edition ${(count += 1)}` }
      return { method: 'PATCH', path: `/courses/${id}`, userId: instructorOf(id), body }
    },
    enroll: () => {
      const { userId, courseId } = newSeat()
      const body = { payment: { method: 'credit_card' } }
      return { method: 'POST', path: `/courses/${courseId}/enrollments`, userId, body }
    },
    click: () => {
      const { searchId, ...body } = hits[(count += 1) % hits.length] as ShownHit
      return { method: 'POST', path: `/search/${searchId}/clicks`, userId: user(), body }
    },
  }
}

/** Draws seats that nobody has: users in turn, courses that few or many want. */
export function seatsOf(
  chance: Chance,
): () => { readonly userId: number; readonly courseId: number } {
  const course = zipf(published - enrolledIn, chance)
  const taken = new Set<string>()
  let count = 0
  return () => {
    const userId = (count++ % users) + 1
    for (;;) {
      const courseId = enrolledIn + course()
      const seat = `${userId} ${courseId}`
      if (taken.has(seat)) continue
      taken.add(seat)
      return { userId, courseId }
    }
  }
}

function drawn(shares: Shares, chance: Chance): Operation {
  const each = Object.entries(shares) as [Operation, number][]
  let left = chance() * each.reduce((sum, [, share]) => sum + share, 0)
  return each.find(([, share]) => (left -= share) < 0)?.[0] ?? 'profile'
}

/** A request with a session and a JSON body, as it is sent. */
export function textOf(
  method: string,
  path: string,
  token: string,
  body: object | undefined,
): string {
  const json = body === undefined ? '' : JSON.stringify(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: headwater-benchmark',
    'Accept: application/json',
    `Cookie: session=${token}`,
    ...(json === ''
      ? []
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`]),
  ]
  return `${head.join('\r\n')}\r\n\r\n${json}`
}
