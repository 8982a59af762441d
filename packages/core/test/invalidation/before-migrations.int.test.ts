import { connect, orThrow } from '@headwater/core'
import { eventually, isolate } from '@headwater/testing'
import { expect, inject, test } from 'vitest'

test('What Redis holds is trusted before the migrations have run', async () => {
  const own = await isolate(inject('stack'))
  const stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix, deadlineMs: 2_000 },
    }),
  )
  await eventually(() => expect(stores.invalidation.isOpen).toBe(true), { timeoutMs: 60_000 })
  orThrow(await stores.close())
  await own.dispose()
})
