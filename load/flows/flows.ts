import { instructorOf } from '../../benchmarks/api/data.ts'
import { seatsOf, type ShownHit, textOf } from '../../benchmarks/api/load/requests.ts'
import { type Chance, zipf } from '../../benchmarks/api/load/zipf.ts'
import { published, queries, queryOf, titleOf, users } from '../../benchmarks/flows/data.ts'
import { type FlowName, flowNames, flowShares, type PerFlow } from './flow.ts'

/** A request of a flow, as it is sent. */
export interface FlowRequest {
  readonly flow: FlowName
  readonly text: string
}

/** What requests are made of. */
export interface FlowOptions {
  /** A session of each user, in the order of their ids. */
  readonly tokens: readonly string[]
  /** What the clicks of the flow `activity` are on. */
  readonly hits: readonly ShownHit[]
  readonly chance: Chance
}

/** Draws requests by the shares of the flows. A few courses, users and queries get most of them. */
export function requestsOf(options: FlowOptions): () => FlowRequest {
  const make = makersOf(options)
  return () => {
    const flow = drawnFlow(options.chance)
    const { method = 'GET', path, userId, body } = make[flow]()
    return { flow, text: textOf(method, path, options.tokens[userId - 1] ?? '', body) }
  }
}

interface Asked {
  readonly method?: 'PATCH' | 'POST'
  readonly path: string
  readonly userId: number
  readonly body?: object
}

function makersOf({ hits, chance }: FlowOptions): PerFlow<() => Asked> {
  const user = zipf(users, chance)
  const course = zipf(published, chance)
  const query = zipf(queries, chance)
  const newSeat = seatsOf(chance)
  const read = (path: string): Asked => ({ path, userId: user() })
  let count = 0
  return {
    browse: () => read(`/courses/${course()}`),
    list: () => read(`/courses?limit=20&category=${topicOf(course())}`),
    search: () => read(`/search?q=${encodeURIComponent(queryOf(query() - 1))}`),
    enrollments: () => read('/me/enrollments'),
    activity: () => {
      const { searchId, ...body } = hits[(count += 1) % hits.length] as ShownHit
      return { method: 'POST', path: `/search/${searchId}/clicks`, userId: user(), body }
    },
    enroll: () => {
      const { userId, courseId } = newSeat()
      const body = { payment: { method: 'credit_card' } }
      return { method: 'POST', path: `/courses/${courseId}/enrollments`, userId, body }
    },
    update: () => {
      const id = course()
      const body = { title: `${titleOf(id)}, edition ${(count += 1)}` }
      return { method: 'PATCH', path: `/courses/${id}`, userId: instructorOf(id), body }
    },
    register: () => {
      const username = `newcomer${(count += 1)}`
      const body = { email: `${username}@example.com`, username, password: 'a long password' }
      return { method: 'POST', path: '/users', userId: user(), body }
    },
  }
}

/** The topic of a course, which is its category. */
function topicOf(courseId: number): string {
  return titleOf(courseId).split(' ')[0] ?? ''
}

function drawnFlow(chance: Chance): FlowName {
  let left = chance() * 100
  return flowNames.find((flow) => (left -= flowShares[flow]) < 0) ?? 'browse'
}
