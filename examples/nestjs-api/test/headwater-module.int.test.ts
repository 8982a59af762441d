import { createServices } from '@headwater-examples/elearning'
import { connect, migrate, orThrow } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { hashingEmbedder, inMemoryVectorIndex, searchMigrations } from '@headwater/search'
import { eventually, isolate } from '@headwater/testing'
import { expect, inject, test } from 'vitest'
import { createApp, HeadwaterModule } from '../src/index.ts'

const monitorToken = 'only for the monitoring of the tests'

test('A module that opens its services itself reports them to Terminus and closes them', async () => {
  const parts = await isolate(inject('stack'))
  const { postgres, redis } = parts
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url, keyPrefix: redis.prefix, deadlineMs: 10_000 },
    }),
  )
  const useFactory = async () => {
    orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
    const embedder = hashingEmbedder()
    const index = inMemoryVectorIndex()
    return { services: createServices(stores, { embedder, index }), monitorToken }
  }
  const app = await createApp(HeadwaterModule.forRootAsync({ useFactory }), 0)
  await app.listen(0, '127.0.0.1')
  const details = async (headers: Record<string, string>) => {
    const response = await fetch(`${await app.getUrl()}/health/details`, { headers })
    return { status: response.status, body: (await response.json()) as object }
  }
  expect((await details({})).status).toBe(401)
  await eventually(async () => {
    const { status, body } = await details({ Authorization: `Bearer ${monitorToken}` })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'ok',
      info: { stores: { status: 'up', stores: { postgres: { status: 'up' } } } },
    })
  })
  await app.close()
  expect(stores.isClosing).toBe(true)
  await parts.dispose()
})
