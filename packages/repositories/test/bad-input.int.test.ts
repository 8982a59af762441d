import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
let asked: string[]
beforeAll(async () => {
  fixture = await openFixture()
  orThrow(await fixture.stores.close({ deadlineMs: 60_000 }))
  asked = []
  fixture.stores.diagnostics.on(
    'store:operation',
    ({ store, operation }) => void asked.push(`${store}: ${operation}`),
  )
})
afterAll(() => fixture.parts.dispose())

const nul = 'a\0b'
const lone = 'a\ud800b'
const megabyte = 'x'.repeat(1_000_000)
const polluted = (json: string): Record<string, unknown> =>
  JSON.parse(json) as Record<string, unknown>

const badIds: readonly unknown[] = [
  NaN,
  0,
  -1,
  1.5,
  2 ** 31,
  Infinity,
  '5',
  null,
  undefined,
  5n,
  [5],
  {},
]
const badTexts: readonly unknown[] = ['', '   ', nul, lone, megabyte, 5, {}]
const badMoney: readonly unknown[] = [
  -1,
  '-0.01',
  '1.234',
  0.001,
  '1e2',
  'free',
  NaN,
  Infinity,
  100_000_000,
  {},
]
const badLimits: readonly unknown[] = [-1, 0, 1.5, NaN, 201, '10']

/** No options at all. */
const badOptions: readonly unknown[] = [null, 5, 'newest']

type Case = readonly [
  operation: string,
  field: string,
  call: (fixture: RepositoriesFixture) => unknown,
]

/** Calls an operation with a type that the compiler would refuse. */
const as = <T>(value: unknown): T => value as T

const newUser = { email: 'ada@example.com', username: 'ada', passwordHash: 'hash' }
const newCourse = { title: 'Algebra', instructorId: 1, price: '49.00' }

const cases: Case[] = [
  ...badIds.flatMap((id): Case[] => [
    ['users.get', 'id', ({ users }) => users.get(as(id))],
    ['users.update', 'id', ({ users }) => users.update(as(id), { role: 'x' })],
    ['users.changePassword', 'id', ({ users }) => users.changePassword(as(id), 'hash')],
    ['users.delete', 'id', ({ users }) => users.delete(as(id))],
    ['courses.get', 'id', ({ courses }) => courses.get(as(id))],
    ['courses.update', 'id', ({ courses }) => courses.update(as(id), { title: 'x' })],
    ['courses.publish', 'id', ({ courses }) => courses.publish(as(id))],
    ['courses.unpublish', 'id', ({ courses }) => courses.unpublish(as(id))],
    ['courses.delete', 'id', ({ courses }) => courses.delete(as(id))],
    ['courses.students', 'courseId', ({ courses }) => courses.students(as(id))],
    [
      'courses.create',
      'instructorId',
      ({ courses }) => courses.create(as({ ...newCourse, instructorId: id })),
    ],
    [
      'enrollments.enroll',
      'userId',
      ({ enrollments }) => enrollments.enroll(as({ userId: id, courseId: 1 })),
    ],
    [
      'enrollments.enroll',
      'courseId',
      ({ enrollments }) => enrollments.enroll(as({ userId: 1, courseId: id })),
    ],
    [
      'enrollments.withdraw',
      'courseId',
      ({ enrollments }) => enrollments.withdraw(as({ userId: 1, courseId: id })),
    ],
    [
      'enrollments.transfer',
      'fromUserId',
      ({ enrollments }) => enrollments.transfer(as({ courseId: 1, fromUserId: id, toUserId: 2 })),
    ],
    [
      'enrollments.isEnrolled',
      'userId',
      ({ enrollments }) => enrollments.isEnrolled(as({ userId: id, courseId: 1 })),
    ],
    ['enrollments.listForUser', 'userId', ({ enrollments }) => enrollments.listForUser(as(id))],
    [
      'enrollments.listForCourse',
      'courseId',
      ({ enrollments }) => enrollments.listForCourse(as(id)),
    ],
  ]),
  ['users.getMany', 'ids[1]', ({ users }) => users.getMany([1, NaN])],
  ['users.getMany', 'ids', ({ users }) => users.getMany(as('1'))],
  ['courses.getMany', 'ids[0]', ({ courses }) => courses.getMany([-1])],
  [
    'courses.getMany',
    'ids',
    ({ courses }) => courses.getMany(Array.from({ length: 10_001 }, () => 1)),
  ],
  ...badTexts.flatMap((text): Case[] => [
    ['users.create', 'username', ({ users }) => users.create(as({ ...newUser, username: text }))],
    [
      'users.create',
      'passwordHash',
      ({ users }) => users.create(as({ ...newUser, passwordHash: text })),
    ],
    ['users.create', 'fullName', ({ users }) => users.create(as({ ...newUser, fullName: text }))],
    ['users.update', 'fullName', ({ users }) => users.update(1, as({ fullName: text }))],
    ['users.changePassword', 'passwordHash', ({ users }) => users.changePassword(1, as(text))],
    ['users.findByUsername', 'username', ({ users }) => users.findByUsername(as(text))],
    ['users.list', 'role', ({ users }) => users.list(as({ role: text }))],
    ['courses.create', 'title', ({ courses }) => courses.create(as({ ...newCourse, title: text }))],
    [
      'courses.create',
      'description',
      ({ courses }) => courses.create(as({ ...newCourse, description: text })),
    ],
    ['courses.update', 'category', ({ courses }) => courses.update(1, as({ category: text }))],
    ['courses.list', 'category', ({ courses }) => courses.list(as({ category: text }))],
    [
      'enrollments.enroll',
      'payment.method',
      ({ enrollments }) =>
        enrollments.enroll(as({ userId: 1, courseId: 1, payment: { method: text } })),
    ],
    ['activity.record', 'type', ({ activity }) => activity.record(as({ type: text }))],
    [
      'activity.logSearch',
      'query',
      ({ activity }) =>
        activity.logSearch(
          as({ query: text, resultsCount: 0, searchType: 'hybrid', durationMs: 1 }),
        ),
    ],
  ]),
  ...[
    'ada',
    'ada@',
    '@example.com',
    'a b@example.com',
    'ada@-example.com',
    `${'a'.repeat(300)}@example.com`,
    nul,
    lone,
    '',
    5,
    null,
  ].flatMap((email): Case[] => [
    ['users.create', 'email', ({ users }) => users.create(as({ ...newUser, email }))],
    ['users.update', 'email', ({ users }) => users.update(1, as({ email }))],
    ['users.findByEmail', 'email', ({ users }) => users.findByEmail(as(email))],
  ]),
  ...badMoney.flatMap((price): Case[] => [
    ['courses.create', 'price', ({ courses }) => courses.create(as({ ...newCourse, price }))],
    ['courses.update', 'price', ({ courses }) => courses.update(1, as({ price }))],
    [
      'enrollments.enroll',
      'payment.discount',
      ({ enrollments }) =>
        enrollments.enroll(
          as({ userId: 1, courseId: 1, payment: { method: 'card', discount: price } }),
        ),
    ],
  ]),
  ...[-1, 1.5, NaN, 2 ** 31, '5'].map((maxStudents): Case => [
    'courses.create',
    'maxStudents',
    ({ courses }) => courses.create(as({ ...newCourse, maxStudents })),
  ]),
  ...[-1, 101, 0.5, NaN, '50', null].map((progress): Case => [
    'enrollments.recordProgress',
    'progress',
    ({ enrollments }) => enrollments.recordProgress(as({ userId: 1, courseId: 1, progress })),
  ]),
  ...badLimits.flatMap((limit): Case[] => [
    ['courses.list', 'limit', ({ courses }) => courses.list(as({ limit }))],
    ['users.list', 'limit', ({ users }) => users.list(as({ limit }))],
    ['courses.students', 'limit', ({ courses }) => courses.students(1, as({ limit }))],
    [
      'enrollments.listForUser',
      'limit',
      ({ enrollments }) => enrollments.listForUser(1, as({ limit })),
    ],
    [
      'enrollments.listForCourse',
      'limit',
      ({ enrollments }) => enrollments.listForCourse(1, as({ limit })),
    ],
    ['activity.list', 'limit', ({ activity }) => activity.list(as({ limit }))],
  ]),
  ['courses.popular', 'limit', ({ courses }) => courses.popular(0)],
  ...['nonsense', '', 'WyJ1c2VycyIsNV0', 5].map((cursor): Case => [
    'courses.list',
    'cursor',
    ({ courses }) => courses.list(as({ cursor })),
  ]),
  ...['nonsense', '', 'WyJjb3Vyc2VzIiw1XQ', 'WyJ1c2VycyIsMF0', 'WyJ1c2VycyIsIjUiXQ', 5].map(
    (cursor): Case => ['users.list', 'cursor', ({ users }) => users.list(as({ cursor }))],
  ),
  [
    'users.list',
    '__proto__',
    ({ users }) => users.list(as(polluted('{"__proto__":{"role":"x"}}'))),
  ],
  ['users.update', 'changes', ({ users }) => users.update(1, {})],
  ['users.update', 'changes', ({ users }) => users.update(1, { expectedVersion: 1 })],
  [
    'users.update',
    'expectedVersion',
    ({ users }) => users.update(1, { role: 'x', expectedVersion: 0 }),
  ],
  ['users.update', 'passwordHash', ({ users }) => users.update(1, as({ passwordHash: 'x' }))],
  ['users.update', 'input', ({ users }) => users.update(1, as(null))],
  ['users.create', 'input', ({ users }) => users.create(as(undefined))],
  [
    'users.create',
    '__proto__',
    ({ users }) => users.create(as({ ...newUser, ...polluted('{"__proto__":{"role":"admin"}}') })),
  ],
  ['users.create', 'isAdmin', ({ users }) => users.create(as({ ...newUser, isAdmin: true }))],
  [
    'users.create',
    'input',
    ({ users }) =>
      users.create(
        as({
          get email() {
            throw new Error('a trap')
          },
        }),
      ),
  ],
  ['courses.update', 'changes', ({ courses }) => courses.update(1, {})],
  ['courses.update', 'title', ({ courses }) => courses.update(1, as({ title: null }))],
  [
    'courses.create',
    '__proto__',
    ({ courses }) => courses.create(as({ ...newCourse, ...polluted('{"__proto__":1}') })),
  ],
  [
    'enrollments.transfer',
    'toUserId',
    ({ enrollments }) => enrollments.transfer({ courseId: 1, fromUserId: 2, toUserId: 2 }),
  ],
  [
    'enrollments.enroll',
    'payment',
    ({ enrollments }) => enrollments.enroll(as({ userId: 1, courseId: 1, payment: 'cash' })),
  ],
  [
    'activity.record',
    'data.$where',
    ({ activity }) => activity.record({ type: 'a.b', data: { $where: 1 } }),
  ],
  [
    'activity.record',
    'data.__proto__',
    ({ activity }) => activity.record({ type: 'a.b', data: as(polluted('{"__proto__":1}')) }),
  ],
  [
    'activity.record',
    'data.deep.constructor',
    ({ activity }) => activity.record({ type: 'a.b', data: as({ deep: { constructor: 1 } }) }),
  ],
  [
    'activity.record',
    'data.text',
    ({ activity }) => activity.record({ type: 'a.b', data: { text: nul } }),
  ],
  [
    'activity.record',
    'data.text',
    ({ activity }) => activity.record({ type: 'a.b', data: { text: lone } }),
  ],
  [
    'activity.record',
    'data',
    ({ activity }) => activity.record({ type: 'a.b', data: { text: megabyte } }),
  ],
  ['activity.record', 'data', ({ activity }) => activity.record({ type: 'a.b', data: as([1]) })],
  [
    'activity.record',
    'data.courseId',
    ({ activity }) => activity.record({ type: 'course.viewed', data: { courseId: 0 } }),
  ],
  [
    'activity.record',
    'data.courseId',
    ({ activity }) => activity.record({ type: 'course.viewed' }),
  ],
  ['activity.record', 'userId', ({ activity }) => activity.record({ type: 'a.b', userId: 1.5 })],
  [
    'activity.record',
    'timestamp',
    ({ activity }) => activity.record({ type: 'a.b', timestamp: new Date(NaN) }),
  ],
  [
    'activity.record',
    'timestamp',
    ({ activity }) => activity.record({ type: 'a.b', timestamp: new Date(8.64e15) }),
  ],
  [
    'activity.record',
    'metadata.cookie',
    ({ activity }) => activity.record({ type: 'a.b', metadata: as({ cookie: 'x' }) }),
  ],
  [
    'activity.recordMany',
    'events[1].type',
    ({ activity }) => activity.recordMany([{ type: 'a.b' }, { type: 'nonsense' }]),
  ],
  [
    'activity.recordDurably',
    'metadata',
    ({ activity }) =>
      activity.recordDurably(as({ type: 'a.b', metadata: { ipAddress: '127.0.0.1' } })),
  ],
  [
    'activity.logSearch',
    'durationMs',
    ({ activity }) =>
      activity.logSearch({ query: 'q', resultsCount: 1, searchType: 's', durationMs: NaN }),
  ],
  [
    'activity.recordClick',
    'searchId',
    ({ activity }) => activity.recordClick({ searchId: '{"$ne":1}', courseId: 1, position: 1 }),
  ],
  [
    'activity.recordClick',
    'position',
    ({ activity }) =>
      activity.recordClick({
        searchId: '01a20431-237c-413c-84f2-5faa562555f4',
        courseId: 1,
        position: 0,
      }),
  ],
  ['activity.list', 'type', ({ activity }) => activity.list({ type: as({ $ne: '' }) })],
  ...badOptions.flatMap((options): Case[] => [
    ['courses.list', 'input', ({ courses }) => courses.list(as(options))],
    ['users.list', 'input', ({ users }) => users.list(as(options))],
    ['activity.list', 'input', ({ activity }) => activity.list(as(options))],
    ['analytics.searchTime', 'input', ({ activity }) => activity.analytics.searchTime(as(options))],
  ]),
  ['analytics.searchTime', 'input', ({ activity }) => activity.analytics.searchTime(as(undefined))],
]

describe('bad input', () => {
  test('Bad input is tried in more than two hundred ways', () => {
    expect(cases.length).toBeGreaterThan(200)
  })

  const numbered = cases.map(
    ([operation, field, call], index) => [`${operation} #${index}`, field, call] as const,
  )
  test.each(numbered)(
    'Bad input of %s is invalid-input naming %s, with every store closed and none asked',
    async (_operation, field, call) => {
      const failure = failureOf(
        await (call(fixture) as ReturnType<RepositoriesFixture['users']['get']>),
      )
      expect(failure).toMatchObject({ type: 'invalid-input', field, retryable: false })
      expect(asked).toEqual([])
    },
  )

  test('Good input is refused by the closed stores, so the checks of bad input can fail', async () => {
    const failures = await Promise.all(
      [
        fixture.users.get(1),
        fixture.users.create(newUser),
        fixture.courses.list(),
        fixture.enrollments.enroll({ userId: 1, courseId: 1 }),
        fixture.activity.list(),
      ].map(async (result) => failureOf<{ type: string }>(await result).type),
    )
    expect(failures).toEqual(Array(5).fill('store-unavailable'))
  })
})
