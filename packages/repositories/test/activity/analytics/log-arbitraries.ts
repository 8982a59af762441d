import fc from 'fast-check'
import type {
  EnrollmentEventDocument,
  SearchLogDocument,
  UserActivityDocument,
} from '../../../src/activity/collections.ts'

/** The documents of a log. */
export interface AnyLog {
  readonly activity: readonly UserActivityDocument[]
  readonly enrollments: readonly EnrollmentEventDocument[]
  readonly searches: readonly AnySearch[]
}

type AnySearch = Omit<Partial<SearchLogDocument>, 'clicks'> & {
  readonly clicks?: SearchLogDocument['clicks'] | undefined
}

const begin = Date.UTC(2026, 1, 25)
const days = 20

/** Small ranges, so that values coincide; a fifth of the moments lie on the edge of a day. */
const timestamp = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: days * 86_400_000 }).map((ms) => new Date(begin + ms)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: days }), fc.constantFrom(-1, 0))
      .map(([day, ms]) => new Date(begin + day * 86_400_000 + ms)),
  },
)
const user = fc.integer({ min: 1, max: 6 })
const course = fc.integer({ min: 1, max: 4 })

const activity = fc.record({
  user_id: fc.option(user, { freq: 5 }),
  event_type: fc.constantFrom('course.viewed', 'lesson.completed', 'page.viewed'),
  event_data: fc.record({ courseId: course }),
  metadata: fc.constant({ ip_address: null, user_agent: null, referrer: null }),
  timestamp,
})

const enrollment = fc.record({ user_id: user, course_id: course, timestamp }).chain((event) =>
  fc.oneof(
    fc.integer({ min: 0, max: 9_999_999_999 }).map((price) => ({
      ...event,
      event_type: 'enrollment.created',
      event_data: { payment_method: 'card', price_paid: price, discount_applied: 0 },
    })),
    fc
      .constantFrom('enrollment.completed', 'enrollment.withdrawn')
      .map((event_type) => ({ ...event, event_type, event_data: {} })),
    fc.constant({
      ...event,
      event_type: 'enrollment.transferred',
      event_data: { from_user_id: 99 },
    }),
  ),
)

const click = fc.record({ course_id: course, position: fc.integer({ min: 1, max: 6 }) })

/** Documents of earlier releases know the last click alone. */
const clicks = fc.option(fc.array(click, { maxLength: 3 }), { nil: undefined })

const search = fc.record({
  user_id: fc.option(user),
  query: fc.constantFrom('sql', 'SQL', 'algebra', 'ünï 😀', 'a.b $c'),
  results_count: fc.integer({ min: 0, max: 5 }),
  search_type: fc.constant('hybrid'),
  clicked_result: fc.constant(null),
  click_position: fc.option(fc.integer({ min: 1, max: 6 })),
  clicks,
  // Tenths, so that nothing is rounded.
  search_duration_ms: fc
    .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 50_000 }))
    .map((tenths) => tenths / 10),
  timestamp,
})
const clickAhead = fc.record({
  clicked_result: course,
  click_position: fc.integer({ min: 1, max: 6 }),
  clicks,
  timestamp,
})

const withIds = <Document extends object>(document: fc.Arbitrary<Document>, maxLength: number) =>
  fc
    .array(document, { maxLength })
    .map((documents) => documents.map((each, index) => ({ _id: `d${index}`, ...each })))

/** Any log. */
export const anyLog = fc.record({
  activity: withIds(activity, 60),
  enrollments: withIds(enrollment, 60),
  searches: withIds(
    fc.oneof({ weight: 6, arbitrary: search }, { weight: 1, arbitrary: clickAhead }),
    60,
  ),
})

/** A period that covers a whole log or a part of it. */
export const anyPeriod = fc.oneof(
  fc.constant({
    from: new Date(begin - 86_400_000),
    to: new Date(begin + (days + 2) * 86_400_000),
  }),
  fc
    .tuple(timestamp, timestamp)
    .map(([one, other]) => (one < other ? { from: one, to: other } : { from: other, to: one })),
)
