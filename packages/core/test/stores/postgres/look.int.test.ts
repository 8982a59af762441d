import { Diagnostics } from '@headwater/core'
import { faultProxy, isolate, type IsolatedStores } from '@headwater/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { sqlFailureIn } from '../../../src/failure/failure-error.ts'
import { openDirectPostgres } from '../../../src/stores/postgres/postgres-direct.ts'

let own: IsolatedStores<'postgres'>

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())

test('A look at a server has one deadline for connecting and the answer together', async () => {
  const link = await faultProxy(own.postgres.url)
  const context = { clock: systemClock, diagnostics: new Diagnostics() }
  const store = openDirectPostgres(link.url, { ...context, postgres: { schema: 'public' } })
  link.delay(200)
  const failure = await store.look('SELECT pg_sleep(3.3)', 4_000).catch(sqlFailureIn)
  expect(failure).toMatchObject({ type: 'deadline-exceeded' })
  await store.close()
  await link.close()
})
