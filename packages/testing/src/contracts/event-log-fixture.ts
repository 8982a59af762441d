import type { Document } from 'mongodb'
import { at } from './event-log-bench.ts'

/** Views and a login of three users over two weeks. */
export const activity: Document[] = [
  {
    user_id: 1,
    event_type: 'course.viewed',
    event_data: { course_id: 7 },
    timestamp: at('01T23:59'),
  },
  {
    user_id: 1,
    event_type: 'course.viewed',
    event_data: { course_id: 7 },
    timestamp: at('02T00:00'),
  },
  {
    user_id: 2,
    event_type: 'course.viewed',
    event_data: { course_id: 7 },
    timestamp: at('02T08:00'),
  },
  { user_id: 2, event_type: 'login', timestamp: at('02T07:00') },
  {
    user_id: 3,
    event_type: 'course.viewed',
    event_data: { course_id: 8 },
    timestamp: at('09T12:00'),
  },
]

/** Searches of three days, with and without results and clicks. */
export const searches: Document[] = [
  {
    query: 'sql',
    results_count: 4,
    clicked_result: 7,
    click_position: 1,
    search_duration_ms: 9,
    timestamp: at('01T10:00'),
  },
  {
    query: 'sql',
    results_count: 4,
    clicked_result: 8,
    click_position: 3,
    search_duration_ms: 100,
    timestamp: at('01T11:00'),
  },
  {
    query: 'sql',
    results_count: 4,
    clicked_result: null,
    click_position: null,
    search_duration_ms: 20,
    timestamp: at('02T10:00'),
  },
  {
    query: 'cobol',
    results_count: 0,
    clicked_result: null,
    click_position: null,
    search_duration_ms: 10,
    timestamp: at('02T11:00'),
  },
  {
    query: 'rust',
    results_count: 2,
    clicked_result: 9,
    click_position: 1,
    search_duration_ms: 1000,
    timestamp: at('03T10:00'),
  },
]
