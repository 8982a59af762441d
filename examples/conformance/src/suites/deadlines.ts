import { afterEach, expect, test, vi } from 'vitest'
import type { Host } from '../host.ts'
import { usePlatform } from '../platform.ts'

/** The end of a request that takes too long. */
export function deadlines({ serve }: Host): void {
  const api = usePlatform(serve, { deadlineMs: 8_000, redisDeadlineMs: 4_000 })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('A request whose time is over is a 503, and what it waits for is aborted', async () => {
    const signals: (AbortSignal | undefined)[] = []
    const { visitor } = await api().member()
    const course = await api().course()
    vi.spyOn(api().services.enrollments, 'enroll').mockImplementation((_request, options) => {
      signals.push(options?.signal)
      return never
    })
    const { status, headers, body } = await visitor.post(`/courses/${course.id}/enrollments`)
    expect([status, headers.get('Retry-After'), body.error]).toEqual([
      503,
      '1',
      { type: 'deadline-exceeded', message: 'not available at the moment' },
    ])
    expect(signals.map((signal) => signal?.aborted)).toEqual([true])
  })

  test('Whatever a request waits for, reads and searches too, has its signal', async () => {
    const { courses, search, users } = api().services
    const asked = [
      vi.spyOn(courses, 'list'),
      vi.spyOn(search, 'search'),
      vi.spyOn(users, 'get'),
    ] as const
    const { visitor } = await api().member()
    for (const path of ['/courses', '/search?q=algebra', '/me']) await visitor.get(path)
    const signals = asked.map(({ mock }) => {
      const options = (mock.lastCall as readonly unknown[]).at(-1) as { signal?: unknown }
      return options.signal
    })
    expect(signals).toEqual(asked.map(() => expect.any(AbortSignal) as unknown))
  })

  test('A store that hangs is a 503 in time, not a request that never ends', async () => {
    const { visitor } = await api().member()
    expect((await visitor.get('/me')).status).toBe(200)
    api().proxies.redis.hang()
    const { status, body } = await visitor.get('/me')
    expect([status, body.error.type]).toEqual([503, 'deadline-exceeded'])
  })
}

const never = new Promise(() => undefined) as never
