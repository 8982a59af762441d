import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Host } from '../host.ts'
import { openPlatform, password, type Platform } from '../platform.ts'
import { Visitor } from '../visitor.ts'

/** Who may try passwords, and how often. */
export function signIn({ serve }: Host): void {
  let api: Platform | undefined
  const open = async (options: Parameters<typeof openPlatform>[1]) =>
    (api = await openPlatform(serve, options))
  beforeEach(() => {
    api = undefined
  })
  afterEach(() => api?.dispose())

  const guess = (visitor: Visitor, email: string) =>
    visitor.post('/sessions', { email, password: 'a wild guess' })

  test('Throw-away accounts win no further passwords for one victim', async () => {
    const platform = await open({ limits: { login: 3 } })
    const { user: victim } = await platform.member()
    const statuses: number[] = []
    for (let tries = 0; tries < 5; tries += 1)
      statuses.push(
        (await guess((await platform.member()).visitor, victim.email.toUpperCase())).status,
      )
    expect(statuses).toEqual([401, 401, 401, 429, 429])
  })

  test('One address cannot try a password on each of many accounts', async () => {
    const platform = await open({ limits: { loginAddress: 3 } })
    const statuses: number[] = []
    for (const name of ['a', 'b', 'c', 'd'])
      statuses.push((await guess(platform.visitor(), `${name}@example.com`)).status)
    expect(statuses).toEqual([401, 401, 401, 429])
  })

  test('A stolen session does not let its thief guess the password', async () => {
    const platform = await open({ limits: { login: 3 } })
    const { visitor } = await platform.member()
    const statuses: number[] = []
    for (let tries = 0; tries < 4; tries += 1)
      statuses.push((await visitor.send('DELETE', '/me', { password: 'a wild guess' })).status)
    expect(statuses).toEqual([401, 401, 401, 429])
  })

  const from = (platform: Platform, address: string) =>
    new Visitor(platform.url, { 'X-Forwarded-For': address })

  test('Behind a proxy each visitor counts alone', async () => {
    const platform = await open({ limits: { loginAddress: 1 }, trustedProxies: 1 })
    expect((await guess(from(platform, '192.0.2.1'), 'a@example.com')).status).toBe(401)
    expect((await guess(from(platform, '192.0.2.1'), 'b@example.com')).status).toBe(429)
    expect((await guess(from(platform, '192.0.2.2'), 'b@example.com')).status).toBe(401)
    // What the client itself wrote stands before what the proxy saw.
    expect((await guess(from(platform, '192.0.2.9, 192.0.2.1'), 'c@example.com')).status).toBe(429)
  })

  test('Without a proxy nobody chooses an address by a header', async () => {
    const platform = await open({ limits: { loginAddress: 1 } })
    expect((await guess(from(platform, '192.0.2.1'), 'a@example.com')).status).toBe(401)
    expect((await guess(from(platform, '192.0.2.2'), 'b@example.com')).status).toBe(429)
  })

  test('A new sign-in ends the session before it', async () => {
    const platform = await open({})
    const { visitor, user } = await platform.member()
    const before = visitor.cookie
    expect((await visitor.post('/sessions', { email: user.email, password })).status).toBe(201)
    expect(visitor.cookie).not.toBe(before)
    const old = new Visitor(platform.url, { Cookie: before ?? '' })
    expect([(await old.get('/me')).status, (await visitor.get('/me')).status]).toEqual([401, 200])
  })

  test('Where TLS is required the cookie belongs to this host alone', async () => {
    const platform = await open({ secureCookies: true })
    const { user } = await platform.member()
    const { headers } = await platform.visitor().post('/sessions', { email: user.email, password })
    expect(headers.get('Set-Cookie')).toMatch(
      /^__Host-session=[\w-]{43};(?=.*Path=\/;)(?=.*Secure).*HttpOnly.*SameSite=Strict/i,
    )
    expect(headers.get('Set-Cookie')).not.toMatch(/Domain/i)
  })
}
