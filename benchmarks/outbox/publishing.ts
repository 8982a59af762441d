import {
  ok,
  publish,
  publishMany,
  type NewEvent,
  orThrow,
  type Stores,
  transaction,
} from '@headwater/core'
import type { Contest } from '../measure/alternate.ts'

const eventsPerRound = 1_000
const perStatement = 100
const transactionsPerRound = 500

/** Creates the tables that the transactions write. */
export const createCourses = `
  CREATE TABLE courses (id int PRIMARY KEY, title text NOT NULL, seats int NOT NULL);
  CREATE TABLE enrollments (
    user_id    int         NOT NULL,
    course_id  int         NOT NULL REFERENCES courses,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (course_id, user_id)
  );
  INSERT INTO courses SELECT id, 'Course ' || id, 1000000 FROM generate_series(1, 1000) AS id;
  ANALYZE courses`

/** Publishing a hundred events in one statement, against one statement per event. */
export function publishingContest({ postgres: { client } }: Stores): Contest {
  return {
    ours: () => async () => {
      for (let first = 0; first < eventsPerRound; first += perStatement) {
        await publishMany(
          client,
          Array.from({ length: perStatement }, (_, index) => newEvent(first + index)),
        )
      }
    },
    theirs: () => async () => {
      for (let index = 0; index < eventsPerRound; index += 1) await publish(client, newEvent(index))
    },
    operations: eventsPerRound,
  }
}

/** A transaction that takes a seat and enrolls a user, with one event against without it. */
export function transactionContest(stores: Stores): Contest {
  let userId = 0
  const enroll = async (announce: boolean): Promise<void> => {
    userId += 1
    const courseId = (userId % 1_000) + 1
    orThrow(
      await transaction(stores, async (tx) => {
        await tx.query('UPDATE courses SET seats = seats - 1 WHERE id = $1 AND seats > 0', [
          courseId,
        ])
        await tx.query('INSERT INTO enrollments (user_id, course_id) VALUES ($1, $2)', [
          userId,
          courseId,
        ])
        if (announce) tx.publish({ ...newEvent(courseId), type: 'course.enrolled' })
        return ok(undefined)
      }),
    )
  }
  const round = (announce: boolean) => () => async (): Promise<void> => {
    for (let count = 0; count < transactionsPerRound; count += 1) await enroll(announce)
  }
  return { ours: round(true), theirs: round(false), operations: transactionsPerRound }
}

function newEvent(aggregateId: number): NewEvent {
  const payload = {
    courseId: aggregateId,
    price: 49.5,
    changed: ['title', 'price'],
    title: 'x'.repeat(224),
  }
  return { aggregateType: 'course', aggregateId, type: 'course.updated', version: 1, payload }
}
