import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

test.each(['drizzle', 'kysely', 'knex', 'prisma'])(
  'The outbox guide contains the %s adapter that the tests run',
  async (name) => {
    const [guide, adapter] = await Promise.all([
      readFile(new URL('../../../../docs/guides/outbox.md', import.meta.url), 'utf8'),
      readFile(new URL(`./adapters/${name}.ts`, import.meta.url), 'utf8'),
    ])
    expect(guide).toContain(adapter.trim())
  },
)
