import { expect, test } from 'vitest'
import type { Host } from '../host.ts'
import { password, usePlatform } from '../platform.ts'
import { Visitor } from '../visitor.ts'

/** A host that no proxy stands before, and that requires TLS. */
export function direct({ serve }: Host): void {
  const api = usePlatform(serve, { limits: { loginAddress: 2 }, secureCookies: true })

  test('Where TLS is required the cookie belongs to this host alone', async () => {
    const { user } = await api().member()
    const { headers } = await api().visitor().post('/sessions', { email: user.email, password })
    expect(headers.get('Set-Cookie')).toMatch(
      /^__Host-session=[\w-]{43};(?=.*Path=\/;)(?=.*Secure).*HttpOnly.*SameSite=Strict/i,
    )
    expect(headers.get('Set-Cookie')).not.toMatch(/Domain/i)
  })

  test('Without a proxy nobody chooses an address by a header', async () => {
    const statuses: number[] = []
    for (const last of [1, 2, 3]) {
      const visitor = new Visitor(api().url, { 'X-Forwarded-For': `192.0.2.${last}` })
      const guess = { email: `${last}@example.com`, password: 'a wild guess' }
      statuses.push((await visitor.post('/sessions', guess)).status)
    }
    expect(statuses.at(-1)).toBe(429)
  })
}
