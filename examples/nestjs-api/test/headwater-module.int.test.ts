import { createServices } from '@headwater-examples/elearning'
import { consoleMigrations, createConsole, nodeListener } from '@headwater/console'
import type { ConsoleHandler } from '@headwater/console'
import { connect, migrate, orThrow } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { hashingEmbedder, inMemoryVectorIndex, searchMigrations } from '@headwater/search'
import { eventually, isolate } from '@headwater/testing'
import { expect, inject, test } from 'vitest'
import { createApp, HeadwaterModule } from '../src/index.ts'

const monitorToken = 'only for the monitoring of the tests'

test('A module that opens its services itself reports them to Terminus and closes them', async () => {
  const { app, stores, dispose } = await openApp()
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
  await dispose()
})

test('The console stands beside the routes, and answers nobody whom the host does not know', async () => {
  const { app, stores, dispose } = await openApp()
  const opened = Promise.withResolvers<ConsoleHandler>()
  app.use(
    '/console',
    nodeListener(async (request) => (await opened.promise)(request)),
  )
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const running = createConsole(stores, {
    hosts: [new URL(url).host],
    basePath: '/console',
    authorize: ({ headers }) =>
      headers.get('authorization') === `Bearer ${monitorToken}`
        ? { name: 'ada', access: 'operate' }
        : undefined,
  })
  opened.resolve(running)
  const ask = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(`${url}${path}`, { headers })
    return { status: response.status, text: await response.text() }
  }
  const known = { Authorization: `Bearer ${monitorToken}` }
  const page = await ask('/console/', known)
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('<html') as string })
  expect((await ask('/console/', {})).status).toBe(403)
  expect((await ask('/no/such/path', known)).status).toBe(404)
  await app.close()
  await dispose()
})

async function openApp() {
  const parts = await isolate(inject('stack'))
  const { postgres, redis } = parts
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      redis: { url: redis.url, keyPrefix: redis.prefix, deadlineMs: 10_000 },
    }),
  )
  const sets = [repositoriesMigrations, searchMigrations, consoleMigrations]
  const useFactory = async () => {
    orThrow(await migrate(stores, { sets }))
    const embedder = hashingEmbedder()
    const index = inMemoryVectorIndex()
    return { services: createServices(stores, { embedder, index }), monitorToken }
  }
  const app = await createApp(HeadwaterModule.forRootAsync({ useFactory }), 0)
  return { app, stores, dispose: () => parts.dispose() }
}
