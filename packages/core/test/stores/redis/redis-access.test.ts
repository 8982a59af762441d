import { describe, expect, test } from 'vitest'
import { accessOf, sentinelAccessOf } from '../../../src/stores/redis/redis-access.ts'
import type { RedisSettings } from '../../../src/stores/redis/redis-options.ts'

const settings = (given: Partial<RedisSettings>): RedisSettings => ({
  connectTimeoutMs: 2_000,
  deadlineMs: 100,
  keyPrefix: '',
  required: false,
  ...given,
})
const sentinels = [{ host: 'one', port: 26_379 }]
const askedOf = async ({ credentialsProvider: provider }: ReturnType<typeof sentinelAccessOf>) =>
  provider?.type === 'async-credentials-provider' ? provider.credentials() : undefined

describe('access to servers that Sentinels name', () => {
  test('They have no URL, and TLS as the option says', () => {
    const { urls, socket } = accessOf(
      settings({ sentinels, tls: { servername: 'redis.internal' } }),
    )
    expect(urls).toEqual([])
    expect(socket).toMatchObject({
      tls: true,
      servername: 'redis.internal',
      rejectUnauthorized: true,
    })
    expect(accessOf(settings({ sentinels })).socket).not.toHaveProperty('tls')
  })

  test('The user and the password are asked for at each connection', async () => {
    let password = 'first'
    const access = accessOf(settings({ sentinels, username: 'app', password: () => password }))
    expect(await askedOf(access)).toEqual({ username: 'app', password: 'first' })
    password = 'second'
    expect(await askedOf(access)).toEqual({ username: 'app', password: 'second' })
  })
})

describe('access to the Sentinels', () => {
  test('TLS is that of the servers, user and password their own', async () => {
    const access = sentinelAccessOf(
      settings({
        sentinels,
        tls: true,
        username: 'app',
        password: 'a',
        sentinelUsername: 'watcher',
        sentinelPassword: async () => 'b',
      }),
    )
    expect(access.socket).toMatchObject({ tls: true, rejectUnauthorized: true })
    expect(await askedOf(access)).toEqual({ username: 'watcher', password: 'b' })
  })

  test('Without a password none is sent, whatever the servers want', async () => {
    const access = sentinelAccessOf(settings({ sentinels, password: 'a' }))
    expect(access).toEqual({ socket: {} })
  })
})
