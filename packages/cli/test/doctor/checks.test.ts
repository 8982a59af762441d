import {
  coreMigrations,
  Diagnostics,
  errAsync,
  okAsync,
  type Stores,
  systemClock,
} from '@headwater/core'
import { expect, test } from 'vitest'
import { Findings, worstOf } from '../../src/doctor/check.ts'
import { checkOutbox } from '../../src/doctor/outbox-checks.ts'
import { selectPublished } from '../../src/doctor/postgres-queries.ts'
import { ReplicaWatch } from '../../src/doctor/replica-check.ts'
import { tablesOf } from '../../src/doctor/tables-of.ts'

test('A check that is refused takes no other away, and is not in order', async () => {
  const findings = new Findings()
  await findings.collect({
    'replication-slots': Promise.reject(new Error('recovery is in progress')),
    version: Promise.resolve().then(() => {
      findings.ok('version', 'supported')
    }),
  })
  const names = findings.checks.map(({ name, status }) => `${name} ${status}`)
  expect(names.toSorted()).toEqual(['replication-slots warning', 'version ok'])
  const examination = { subject: 'postgres', status: 'up', checks: findings.checks } as const
  expect(worstOf([examination])).toBe('warning')
})

test('Tables are those of the sets, wherever their statements are', async () => {
  const files = { '0001_orders.sql': 'CREATE TABLE @schema.orders (id int);' }
  const tables = await tablesOf([coreMigrations, { name: 'shop', files }])
  expect(tables).toEqual(expect.arrayContaining(['outbox', 'outbox_sink', 'orders']))
})

test('That nothing was published is not said of a server that did not answer', async () => {
  const failure = { type: 'deadline-exceeded', message: 'too late', retryable: true }
  const postgres = {
    client: { query: async () => ({ rows: [] }) },
    query: (text: string) => (text === selectPublished ? errAsync(failure) : okAsync({ rows: [] })),
  }
  const findings = new Findings()
  await checkOutbox({ stores: { postgres } as unknown as Stores, deadlineMs: 1_000 }, findings)
  expect(findings.checks).toMatchObject([
    { name: 'relay', status: 'warning', message: 'could not be checked: too late' },
  ])
})

test('An outbox that relays refuse is mended by what happened to it, not by a reset alone', async () => {
  const postgres = {
    client: { query: async () => ({ rows: [{ is_ahead: true }] }) },
    query: () => okAsync({ rows: [] }),
  }
  const findings = new Findings()
  await checkOutbox({ stores: { postgres } as unknown as Stores, deadlineMs: 1_000 }, findings)
  const refusal = findings.checks.find(({ name }) => name === 'outbox')
  expect(refusal).toMatchObject({ status: 'failed' })
  expect(refusal?.fix).toMatch(/backup headwater resync; .* reset --history continued$/)
})

test('A replica that answers is in order, one that lags at a second look and one unheard of are not', async () => {
  const diagnostics = new Diagnostics()
  const watch = new ReplicaWatch(systemClock)
  const replicas = ['one', 'two', 'three'].map((host) => ({ url: `postgres://${host}` }))
  const postgres = { url: 'postgres://primary', replicas }
  watch.prepare({ diagnostics, postgres, redis: { url: 'redis://cache' } })
  diagnostics.emit('replica:state', { replica: 0, state: 'usable' })
  diagnostics.emit('replica:state', { replica: 1, state: 'usable' })
  const findings = new Findings()
  const checked = watch.check(findings, systemClock.monotonic() + 200)
  diagnostics.emit('replica:state', { replica: 1, state: 'lagging' })
  await checked
  expect(findings.checks).toMatchObject([
    { status: 'ok', message: 'replica 1 of 3 answers reads' },
    { status: 'warning', message: expect.stringContaining('lags behind') as string },
    { status: 'warning', message: expect.stringContaining('did not say in time') as string },
  ])
})
