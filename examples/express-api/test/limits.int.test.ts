import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApi, password, type Api } from './api.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ login: 2, search: 3 })
})
afterAll(() => api.dispose())

test('A 429 names the limit and the time to come back', async () => {
  const attempt = () => api.visitor().post('/sessions', { email: 'nobody@example.com', password })
  const first = await attempt()
  expect([
    first.status,
    first.headers.get('RateLimit-Limit'),
    first.headers.get('RateLimit-Remaining'),
  ]).toEqual([401, '2', '1'])
  await attempt()
  const third = await attempt()
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
