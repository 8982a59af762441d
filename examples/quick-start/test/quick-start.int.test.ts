import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isolate } from '@headwater/testing'
import { expect, inject, it } from 'vitest'

const main = new URL('../src/main.ts', import.meta.url)

it('The quick start prints what its comments say, also when it runs again', async () => {
  const stores = await isolate(inject('stack'))
  const env = {
    ...process.env,
    HEADWATER_POSTGRES_URL: stores.postgres.url,
    HEADWATER_REDIS_URL: stores.redis.url,
    HEADWATER_REDIS_PREFIX: stores.redis.prefix,
  }
  const start = () =>
    promisify(execFile)(process.execPath, ['--conditions=headwater-source', main.pathname], { env })
  const printed = [await start(), await start()].map(({ stdout }) => stdout)
  await stores.dispose()
  expect(printed).toEqual(['already-enrolled\n1\n', 'already-enrolled\n1\n'])
})
