import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Host } from '../host.ts'
import { openPlatform, type Platform } from '../platform.ts'

/** The end of a request that takes too long. */
export function deadlines({ serve }: Host): void {
  let api: Platform
  beforeEach(async () => {
    api = await openPlatform(serve, { deadlineMs: 4_000 })
  })
  afterEach(() => api.dispose())

  test('A request whose time is over is a 503, and what it waits for is aborted', async () => {
    const signals: AbortSignal[] = []
    const never = new Promise<never>(() => undefined)
    const { enrollments } = api.services
    const { visitor } = await api.member()
    const course = await api.course()
    Object.assign(enrollments, {
      enroll: (_request: unknown, { signal }: { signal: AbortSignal }) => {
        signals.push(signal)
        return never
      },
    })
    const { status, headers, body } = await visitor.post(`/courses/${course.id}/enrollments`)
    expect([status, headers.get('Retry-After'), body.error]).toEqual([
      503,
      '1',
      { type: 'deadline-exceeded', message: 'not available at the moment' },
    ])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  test('A request whose client has gone is aborted', async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { visitor } = await api.member()
    const course = await api.course()
    Object.assign(api.services.enrollments, {
      enroll: (_request: unknown, { signal }: { signal: AbortSignal }) => {
        signal.addEventListener('abort', () => {
          resolve()
        })
        begin()
        return new Promise(() => undefined)
      },
    })
    const client = new AbortController()
    const answer = fetch(`${api.url}/courses/${course.id}/enrollments`, {
      method: 'POST',
      headers: { Cookie: visitor.cookie ?? '' },
      signal: client.signal,
    })
    await begun
    client.abort()
    await expect(answer).rejects.toThrow()
    await aborted
  })
}
