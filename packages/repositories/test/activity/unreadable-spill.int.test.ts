import { orThrow } from '@headwater/core'
import { eventually, startMongodbStandIn } from '@headwater/testing'
import { expect, test } from 'vitest'
import { openFixture } from '../repositories-fixture.ts'

const good = {
  kind: 'activity',
  id: 'behind-the-unreadable',
  at: 1_000,
  userId: null,
  type: 'page.left',
  data: { n: 7 },
  metadata: {},
}
const spilled = [
  17,
  { kind: 'search', id: 'without-hits', at: 1 },
  { ...good, at: 'soon' },
  { kind: 'of-a-newer-version', id: 'newer', at: 1 },
  good,
]

test('An unreadable spilled entry is dropped, one of a newer version kept, and those behind arrive', async () => {
  const server = await startMongodbStandIn()
  const fixture = await openFixture({
    connect: async (options) => ({
      ...options,
      mongodb: { url: server.url, database: 'unreadable' },
    }),
  })
  const { stores, activity } = fixture
  const dropped: unknown[] = []
  stores.diagnostics.on('activity:dropped', (event) => dropped.push(event))
  orThrow(
    await stores.postgres.query(
      `INSERT INTO @schema.activity_spill (origin, entry)
       SELECT gen_random_uuid(), entry
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS given (entry, position)
       ORDER BY position`,
      [JSON.stringify(spilled)],
    ),
  )
  // Its flush looks for what other processes have left.
  orThrow(activity.record({ type: 'page.opened', data: {} }))
  await eventually(
    () =>
      expect(
        server.store
          .find('unreadable', 'user_activity')
          ?.all()
          .map((event) => event['_id']),
      ).toContain(good.id),
    { timeoutMs: 60_000 },
  )
  const left = async () =>
    orThrow(await stores.postgres.query('SELECT entry FROM @schema.activity_spill')).rows
  await eventually(async () => expect(await left()).toEqual([{ entry: spilled[3] }]))
  await eventually(() => expect(dropped).toEqual([{ count: 3, reason: 'unreadable' }]))
  await fixture.dispose()
  await server.stop()
})
