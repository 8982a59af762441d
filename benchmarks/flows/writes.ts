import { orThrow } from '@headwater/core'
import { drafts, published, users } from './data.ts'
import { flowOf, type Flow } from './flow.ts'
import type { FlowsFixture } from './flows-fixture.ts'
import { ourProfile, profileByHand } from './profiles.ts'
import { activityOf, courseRow, unpublishDrafts } from './stored.ts'

/**
 * By hand the caller waits for the event in MongoDB, which a crash before it loses; ours is
 * committed with the user and reaches MongoDB through a relay, which is not in the figure.
 */
export function register(fixture: FlowsFixture): Flow {
  const { ours, byHand } = fixture
  const request = { ipAddress: '10.0.0.1', userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' }
  return flowOf(fixture, {
    checked: 3,
    item: (n) => ({
      email: `new${n}@example.com`,
      username: `new${n}`,
      passwordHash: 'x'.repeat(60),
      fullName: `New user ${n}`,
    }),
    ours: {
      run: async (user) => orThrow(await ours.users.create({ ...user, metadata: request })),
      answer: ourProfile,
    },
    byHand: {
      run: (user) => byHand.users.createUser({ ...user, ...request }),
      answer: profileByHand,
    },
  })
}

/**
 * By hand there is no event, and a reader under way may store the old profile after the update,
 * where it stays for an hour.
 */
export function updateUser(fixture: FlowsFixture): Flow {
  const { ours, byHand } = fixture
  return flowOf(fixture, {
    checked: 3,
    item: (n) => ({ id: (n % users) + 1, fullName: `Name ${n}` }),
    ours: {
      run: async ({ id, ...changes }) => orThrow(await ours.users.update(id, changes)),
      answer: ourProfile,
    },
    byHand: {
      run: ({ id, fullName }) => byHand.users.updateUser(id, fullName),
      answer: (profile) => profile && profileByHand(profile),
    },
  })
}

/**
 * Callers at the same time want the same course. By hand the caller waits for the event in MongoDB,
 * and a crash after COMMIT loses it and leaves old lists in the cache; ours is committed with the
 * seat and reaches MongoDB through a relay, which is not in the figure.
 */
export function enroll(fixture: FlowsFixture): Flow {
  const { ours, byHand } = fixture
  const payment = { method: 'credit_card', discount: '10.00' }
  return flowOf(fixture, {
    checked: 3,
    item: (n) => ({ userId: (n % users) + 1, courseId: published - Math.floor(n / users) }),
    ours: {
      run: async (seat) => orThrow(await ours.enrollments.enroll({ ...seat, payment })),
      answer: ({ userId, courseId }) => ({ userId, courseId }),
    },
    byHand: {
      run: ({ userId, courseId }) => byHand.enrollments.enrollUser(userId, courseId),
      answer: (seat) => ({ userId: seat.user_id, courseId: seat.course_id }),
    },
  })
}

/**
 * By hand the caller waits for the embedding and the index, every cached search is deleted, and an
 * outage leaves the index as it was; ours leaves the index to a relay, which is not in the figure.
 */
export function updateCourse(fixture: FlowsFixture): Flow {
  const { ours, byHand } = fixture
  return flowOf(fixture, {
    checked: 3,
    item: (n) => ({ id: (n % published) + 1, title: `Title ${n}` }),
    ours: {
      run: async ({ id, title }) => orThrow(await ours.courses.update(id, { title })),
      answer: (_, { id }) => courseRow(ours.postgres, id),
    },
    byHand: {
      run: ({ id, title }) => byHand.courses.updateCourse(id, title),
      answer: (_, { id }) => courseRow(byHand.clients.postgres, id),
    },
  })
}

/**
 * By hand the index follows in the same process, and not at all after a crash or an outage; its
 * caller does not wait for it, but shares the process. Ours leaves it to a relay, which is not in
 * the figure.
 */
export function publishCourse(fixture: FlowsFixture): Flow {
  const { ours, byHand } = fixture
  return flowOf(fixture, {
    checked: 3,
    item: (n) => published + (n % drafts) + 1,
    ours: {
      run: async (id) => orThrow(await ours.courses.publish(id)),
      answer: (_, id) => courseRow(ours.postgres, id),
      prepare: () => unpublishDrafts(ours.postgres),
    },
    byHand: {
      run: (id) => byHand.courses.publishCourse(id),
      answer: (_, id) => courseRow(byHand.clients.postgres, id),
      prepare: () => unpublishDrafts(byHand.clients.postgres),
    },
  })
}

/**
 * Neither side waits for MongoDB, which is written between the rounds as far as it is not written
 * meanwhile. By hand an outage loses what is recorded, and what waits has no bound.
 */
export function logActivity(fixture: FlowsFixture): Flow {
  const { ours, byHand } = fixture
  const type = 'course.viewed'
  return flowOf(fixture, {
    checked: 3,
    item: (n) => ({ userId: n + 1, data: { courseId: (n % published) + 1, page: 'overview' } }),
    ours: {
      run: async ({ userId, data }) => orThrow(ours.activity.record({ userId, type, data })),
      answer: (_, { userId }) => activityOf(ours.mongodb, { userId, type }),
    },
    byHand: {
      run: ({ userId, data }) => byHand.activity.logActivity(userId, type, data),
      answer: (_, { userId }) => activityOf(byHand.clients.mongodb, { userId, type }),
    },
  })
}
