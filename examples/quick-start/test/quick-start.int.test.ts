import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isolate } from '@headwater/testing'
import { expect, inject, it } from 'vitest'

const main = new URL('../src/main.ts', import.meta.url)

it('The quick start prints what its comments say', async () => {
  const stores = await isolate(inject('stack'))
  const env = {
    ...process.env,
    HEADWATER_POSTGRES_URL: stores.postgres.url,
    HEADWATER_REDIS_URL: stores.redis.url,
    HEADWATER_REDIS_PREFIX: stores.redis.prefix,
  }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=headwater-source', main.pathname],
    { env },
  )
  await stores.dispose()
  expect(stdout).toBe('already-enrolled\n1\n')
})

it('The README shows the quick start unchanged', async () => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8')
  const code = await readFile(main, 'utf8')
  expect(readme).toContain(`\`\`\`ts\n${code}\`\`\``)
})
