import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Host } from '../host.ts'
import { openPlatform, type Platform } from '../platform.ts'

export function limits({ serve }: Host): void {
  let api: Platform
  beforeAll(async () => {
    api = await openPlatform(serve, { limits: { login: 2, loginAddress: 8, search: 3 } })
  })
  afterAll(() => api.dispose())

  const attempt = (email: string, visitor = api.visitor()) =>
    visitor.post('/sessions', { email, password: 'a wild guess' })

  test('A 429 names the limit and the time to come back', async () => {
    const first = await attempt('nobody@example.com')
    expect([
      first.status,
      first.headers.get('RateLimit-Limit'),
      first.headers.get('RateLimit-Remaining'),
    ]).toEqual([401, '2', '1'])
    await attempt('nobody@example.com')
    const third = await attempt('nobody@example.com')
    expect([third.status, third.body.error.type]).toEqual([429, 'rate-limited'])
    expect(Number(third.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
    expect(Number(third.headers.get('RateLimit-Reset'))).toBeGreaterThanOrEqual(
      Number(third.headers.get('Retry-After')),
    )
    expect(third.headers.get('RateLimit-Remaining')).toBe('0')
  })

  test('An address that has used up one limit can still use another route', async () => {
    const search = () => api.visitor().get('/search?q=algebra')
    for (const expected of [200, 200, 200, 429]) expect((await search()).status).toBe(expected)
    expect((await api.visitor().get('/courses')).status).toBe(200)
  })

  test('A forged cookie has no limit of its own', async () => {
    const search = (token: string) =>
      fetch(`${api.url}/search?q=algebra`, { headers: { Cookie: `session=${token.repeat(43)}` } })
    for (const token of ['a', 'b', 'c']) await search(token)
    expect((await search('d')).status).toBe(429)
  })
}
