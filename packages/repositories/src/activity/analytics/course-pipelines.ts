import type { Document } from 'mongodb'
import type { Period } from './activity-figures.ts'
import { type Aggregation, type CalendarPeriod, startOf, within } from './aggregation.ts'

/**
 * Users per course and step: viewed, enrolled, completed. Index: `event_type, timestamp` of both
 * collections, or `course_id, timestamp` for one course.
 */
export function courseFunnel(period: Period, courseId?: number): Aggregation {
  return {
    collection: 'user_activity',
    pipeline: [
      ...viewSteps(period, courseId),
      { $unionWith: { coll: 'enrollment_events', pipeline: enrollmentSteps(period, courseId) } },
      onePerUser,
      onePerCourse,
      { $sort: { _id: 1 } },
      {
        $project: {
          _id: 0,
          courseId: '$_id',
          viewed: 1,
          enrolled: 1,
          completed: 1,
          viewedAndEnrolled: 1,
          enrolledAndCompleted: 1,
        },
      },
    ],
  }
}

/**
 * Sums per course and day, of whole numbers, refunds taken off. Index: `event_type, timestamp`, or
 * `course_id, timestamp` for one course.
 */
export function revenuePerDay(period: CalendarPeriod, courseId?: number): Aggregation {
  const day = startOf('day', period.timeZone)
  const paid = {
    ...(courseId !== undefined && { course_id: courseId }),
    event_type: { $in: ['enrollment.created', 'enrollment.withdrawn'] },
    timestamp: within(period),
  }
  const isPaid = { $eq: ['$event_type', 'enrollment.created'] }
  const sums = {
    paid: { $sum: '$event_data.price_paid' },
    refunded: { $sum: '$event_data.refunded' },
    enrollments: { $sum: { $cond: [isPaid, 1, 0] } },
  }
  const isRevenue = { $or: [{ enrollments: { $gt: 0 } }, { refunded: { $gt: 0 } }] }
  return {
    collection: 'enrollment_events',
    pipeline: [
      { $match: paid },
      { $group: { _id: { course: '$course_id', day }, ...sums } },
      { $match: isRevenue },
      { $sort: { '_id.day': 1, '_id.course': 1 } },
      {
        $project: {
          _id: 0,
          courseId: '$_id.course',
          day: '$_id.day',
          minorUnits: { $subtract: ['$paid', '$refunded'] },
          enrollments: 1,
        },
      },
    ],
  }
}

const one = { $literal: 1 }
const zero = { $literal: 0 }

/** A row per view by a signed-in user, with the step that it shows. */
function viewSteps(period: Period, courseId: number | undefined): Document[] {
  const viewed = {
    event_type: 'course.viewed',
    timestamp: within(period),
    ...(courseId !== undefined && { 'event_data.courseId': courseId }),
    user_id: { $ne: null },
  }
  return [
    { $match: viewed },
    {
      $project: {
        _id: 0,
        user: '$user_id',
        course: '$event_data.courseId',
        viewed: one,
        enrolled: zero,
        completed: zero,
      },
    },
  ]
}

/** A row per enrollment event, with the step that it shows. */
function enrollmentSteps(period: Period, courseId: number | undefined): Document[] {
  const types = ['enrollment.created', 'enrollment.transferred', 'enrollment.completed']
  const enrolled = {
    ...(courseId !== undefined && { course_id: courseId }),
    event_type: { $in: types },
    timestamp: within(period),
  }
  const isCompleted = { $eq: ['$event_type', 'enrollment.completed'] }
  return [
    { $match: enrolled },
    {
      $project: {
        _id: 0,
        user: '$user_id',
        course: '$course_id',
        viewed: zero,
        enrolled: { $cond: [isCompleted, 0, 1] },
        completed: { $cond: [isCompleted, 1, 0] },
      },
    },
  ]
}

/** The steps of each user in each course, however often one was taken. */
const onePerUser = {
  $group: {
    _id: { course: '$course', user: '$user' },
    viewed: { $max: '$viewed' },
    enrolled: { $max: '$enrolled' },
    completed: { $max: '$completed' },
  },
}

/** The number of users per course and step, and of those who took a step and the next. */
const onePerCourse = {
  $group: {
    _id: '$_id.course',
    viewed: { $sum: '$viewed' },
    enrolled: { $sum: '$enrolled' },
    completed: { $sum: '$completed' },
    viewedAndEnrolled: { $sum: { $multiply: ['$viewed', '$enrolled'] } },
    enrolledAndCompleted: { $sum: { $multiply: ['$enrolled', '$completed'] } },
  },
}
