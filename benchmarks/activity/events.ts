import type { ActivityEvent } from '@headwater/repositories'

const users = 1_000
const courses = 50

const types = ['course.viewed', 'course.clicked', 'lesson.started', 'lesson.completed'] as const
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148',
]

/** The nth event of a busy platform, as a host records it while it serves a request. */
export function eventOf(
  n: number,
): ActivityEvent & { readonly userId: number; readonly data: { readonly courseId: number } } {
  return {
    userId: (n % users) + 1,
    type: types[n % types.length] ?? types[0],
    data: { courseId: (n % courses) + 1, position: n % 10, from: 'search' },
    metadata: {
      ipAddress: `10.0.${n % 200}.${n % 250}`,
      userAgent: agents[n % agents.length],
      referrer: 'https://learn.example.com/courses?page=2',
    },
  }
}

/** The first `count` events. */
export function events(count: number): ReturnType<typeof eventOf>[] {
  return Array.from({ length: count }, (_, n) => eventOf(n))
}
