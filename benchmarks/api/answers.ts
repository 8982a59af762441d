import assert from 'node:assert/strict'
import { published, queryOf } from '../flows/data.ts'
import { instructorOf } from './data.ts'
import type { ShownHit } from './load/requests.ts'

/** A side, as its clients see it. */
export interface Asked {
  readonly url: string
  /** A session of each user, in the order of their ids. */
  readonly tokens: readonly string[]
}

interface Question {
  readonly method?: string
  readonly path: string
  readonly userId?: number
  readonly body?: unknown
}

const student = 25
const course = 37
const teacher = instructorOf(course)
const order = { payment: { method: 'credit_card' } }
const coursePath = `/courses/${course}`

/** What both sides are asked, in this order: every operation of the load, and what is refused. */
const questions: readonly Question[] = [
  { path: '/me', userId: student },
  { path: '/me' },
  { path: '/me', userId: -1 },
  { method: 'PATCH', path: '/me', userId: student, body: { fullName: 'Ada Lovelace' } },
  { method: 'PATCH', path: '/me', userId: student, body: { fullName: 7 } },
  { method: 'PATCH', path: '/me', userId: student, body: { role: 'admin' } },
  { method: 'PATCH', path: '/me', userId: student, body: { username: 'a', expectedVersion: 99 } },
  { method: 'PATCH', path: '/me', body: { fullName: 'Ada' } },
  { method: 'PATCH', path: '/me', userId: student, body: 'no JSON' },
  { method: 'PATCH', path: '/me', userId: student, body: { fullName: 'x'.repeat(70_000) } },
  { path: '/me', userId: student },
  { path: coursePath, userId: student },
  { path: coursePath },
  { path: '/courses/99999' },
  { path: '/courses/none' },
  { path: `/courses/${published + 1}`, userId: student },
  { path: `/courses/${published + 1}`, userId: instructorOf(published + 1) },
  { method: 'PATCH', path: coursePath, userId: teacher, body: { title: 'A new title' } },
  { method: 'PATCH', path: coursePath, userId: teacher, body: { price: '19.50', category: null } },
  { method: 'PATCH', path: coursePath, userId: teacher, body: { title: null } },
  { method: 'PATCH', path: coursePath, userId: teacher + 1, body: { title: 'Not mine' } },
  { method: 'PATCH', path: coursePath, userId: student, body: { title: 'Not mine' } },
  { path: coursePath, userId: student },
  { method: 'POST', path: `${coursePath}/enrollments`, userId: student, body: order },
  { method: 'POST', path: `${coursePath}/enrollments`, userId: student, body: order },
  { method: 'POST', path: `${coursePath}/enrollments`, userId: student, body: { pay: 1 } },
  { method: 'POST', path: '/courses/99999/enrollments', userId: student, body: order },
  { method: 'POST', path: `${coursePath}/enrollments`, body: order },
  { path: coursePath, userId: student },
  { path: '/me/enrollments', userId: student },
  { path: '/me/enrollments', userId: student },
  { path: '/me/enrollments' },
  { path: `/search?q=${encodeURIComponent(queryOf(3))}`, userId: student },
  { path: `/search?q=${encodeURIComponent(queryOf(3))}`, userId: student },
  { path: `/search?q=${encodeURIComponent(queryOf(5))}` },
  { path: '/search?limit=4' },
  { path: '/search?q=chess&page=2' },
  { method: 'DELETE', path: '/nothing' },
]

/**
 * Asks both sides the same and compares what they answer, apart from what cannot be the same:
 * times, random ids, scores, the sentences of errors, and the further pages of a search, which
 * there are none of by hand.
 */
export async function compareAnswers(ours: Asked, theirs: Asked): Promise<void> {
  for (const question of questions)
    assert.deepEqual(
      await answerOf(ours, question),
      await answerOf(theirs, question),
      `${question.method ?? 'GET'} ${question.path} is not answered alike`,
    )
  await compareClicks(ours, theirs)
}

/** Hits that a side shows for a few queries, each of which can be clicked on. */
export async function shownHits(side: Asked): Promise<readonly ShownHit[]> {
  const shown: ShownHit[] = []
  for (let n = 0; n < 20; n += 1) {
    const response = await ask(side, { path: `/search?q=${encodeURIComponent(queryOf(n))}` })
    const { searchId, hits } = (await response.json()) as {
      readonly searchId: string
      readonly hits: readonly { course: { id: number }; rank: number; proof: string }[]
    }
    for (const { course, rank, proof } of hits)
      shown.push({ searchId, courseId: course.id, position: rank, proof })
  }
  return shown
}

async function compareClicks(...sides: readonly Asked[]): Promise<void> {
  for (const side of sides) {
    const [{ searchId, ...body } = { searchId: '' }] = await shownHits(side)
    const click = { method: 'POST', path: `/search/${searchId}/clicks`, userId: student }
    const { status } = await ask(side, { ...click, body })
    const forged = await ask(side, { ...click, body: { ...body, position: 99 } })
    assert.deepEqual([status, forged.status], [202, 400], 'clicks are not answered alike')
  }
}

async function answerOf(side: Asked, question: Question): Promise<object> {
  const response = await ask(side, question)
  const header = (name: string): string | null => response.headers.get(name)
  return {
    status: response.status,
    type: header('content-type'),
    sniff: header('x-content-type-options'),
    cache: header('cache-control'),
    limit: header('ratelimit-limit'),
    isCounted: Number(header('ratelimit-remaining')) < Number(header('ratelimit-limit')),
    body: comparable(await response.json()),
  }
}

function ask({ url, tokens }: Asked, question: Question): Promise<Response> {
  const { method = 'GET', path, userId, body } = question
  const session = userId === undefined ? undefined : (tokens[userId - 1] ?? 'x'.repeat(43))
  return fetch(url + path, {
    method,
    headers: {
      ...(session !== undefined && { Cookie: `session=${session}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

const different = new Set(['score', 'proof', 'durationMs', 'searchId', 'mode', 'message', 'rank'])

/** What of a body must be the same on both sides. */
function comparable(value: unknown, name = ''): unknown {
  if (different.has(name)) return typeof value
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item))
    return name === 'hits' ? items.toSorted(byCourse) : items
  }
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/.test(value)) return 'a time'
  if (value === null || typeof value !== 'object') return value
  const isLeftOut = (key: string): boolean =>
    key === 'issues' || (key === 'nextCursor' && 'hits' in value)
  const each = Object.entries(value).filter(([key]) => !isLeftOut(key))
  return Object.fromEntries(each.map(([key, part]) => [key, comparable(part, key)]))
}

function byCourse(one: unknown, other: unknown): number {
  const idOf = (hit: unknown): number => (hit as { course: { id: number } }).course.id
  return idOf(one) - idOf(other)
}
