import { expect, test } from 'vitest'
import type { Host } from '../host.ts'
import { usePlatform } from '../platform.ts'
import { Visitor } from '../visitor.ts'

/** How often one may search and try passwords, behind a proxy that says who asks. */
export function limits({ serve }: Host): void {
  const api = usePlatform(serve, {
    limits: { login: 3, loginAddress: 5, search: 3 },
    trustedProxies: 1,
  })

  /** A visitor at an address of its own. */
  const from = (address: string, cookie?: string) =>
    new Visitor(api().url, { 'X-Forwarded-For': address }, cookie)
  const guess = (visitor: Visitor, email: string) =>
    visitor.post('/sessions', { email, password: 'a wild guess' })
  const statuses = async (requests: readonly (() => Promise<{ status: number }>)[]) => {
    const seen: number[] = []
    for (const request of requests) seen.push((await request()).status)
    return seen
  }

  test('A 429 names the limit and the time to come back', async () => {
    const attempt = () => guess(from('192.0.2.1'), 'nobody@example.com')
    const first = await attempt()
    expect([
      first.status,
      first.headers.get('RateLimit-Limit'),
      first.headers.get('RateLimit-Remaining'),
    ]).toEqual([401, '3', '2'])
    for (let times = 0; times < 2; times += 1) await attempt()
    const fourth = await attempt()
    expect([fourth.status, fourth.body.error.type]).toEqual([429, 'rate-limited'])
    expect(Number(fourth.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
    expect(Number(fourth.headers.get('RateLimit-Reset'))).toBeGreaterThanOrEqual(
      Number(fourth.headers.get('Retry-After')),
    )
    expect(fourth.headers.get('RateLimit-Remaining')).toBe('0')
  })

  test('An address that has used up one limit can still use another route', async () => {
    const visitor = from('192.0.2.2')
    const search = () => visitor.get('/search?q=algebra')
    expect(await statuses(Array(4).fill(search))).toEqual([200, 200, 200, 429])
    expect((await visitor.get('/courses')).status).toBe(200)
  })

  test('A forged cookie has no limit of its own', async () => {
    const search = (letter: string) => () =>
      from('192.0.2.3', `session=${letter.repeat(43)}`).get('/search?q=algebra')
    expect(await statuses(['a', 'b', 'c', 'd'].map(search))).toEqual([200, 200, 200, 429])
  })

  test('Throw-away accounts and many addresses win no further passwords for one victim', async () => {
    const { user: victim } = await api().member()
    const attempt = (last: number) => async () => {
      const { cookie } = (await api().member()).visitor
      return guess(from(`198.51.100.${last}`, cookie), victim.email.toUpperCase())
    }
    expect(await statuses([1, 2, 3, 4, 5].map(attempt))).toEqual([401, 401, 401, 429, 429])
  })

  test('A stolen session does not let its thief guess the password', async () => {
    const { cookie } = (await api().member()).visitor
    const attempt = (last: number) => () =>
      from(`203.0.113.${last}`, cookie).send('DELETE', '/me', { password: 'a wild guess' })
    expect(await statuses([1, 2, 3, 4].map(attempt))).toEqual([401, 401, 401, 429])
  })

  test('One address cannot try a password on each of many accounts, and others still can', async () => {
    const attempt = (name: string, address = '192.0.2.4') =>
      guess(from(address), `${name}@example.com`)
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const seen = await statuses(names.map((name) => () => attempt(name)))
    expect(seen).toEqual([401, 401, 401, 401, 401, 429])
    expect((await attempt('f', '192.0.2.5')).status).toBe(401)
    // What the client itself wrote stands before what the proxy saw.
    expect((await attempt('g', '192.0.2.9, 192.0.2.4')).status).toBe(429)
  })
}
