import {
  beginChange,
  createSessions,
  defineCache,
  errAsync,
  FailureError,
  inspectKey,
  okAsync,
  orThrow,
  systemClock,
  type PostgresStore,
  type Resyncable,
  type Stores,
} from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migration } from '../../src/commands/migrate.ts'
import { rebuilding } from '../../src/commands/resync.ts'
import { Secrets } from '../../src/terminal/secrets.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'
import { openCli, runCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture

beforeAll(async () => {
  fixture = await openCli({ isMigrated: false })
})
afterAll(() => fixture.dispose())

test('Migrations are planned, awaited and applied', async () => {
  const planned = await fixture.json('migrate', '--plan')
  expect(planned.code).toBe(1)
  expect(planned.json['pending']).toContainEqual({ file: 'core/0001_outbox.sql', online: [] })
  const late = await fixture.json('migrate', '--wait', '--timeout', '0.2')
  expect(late).toMatchObject({ code: 1, json: { error: { type: 'migrations-pending' } } })
  const ended = await fixture.cliIn({ signal: AbortSignal.abort() }, 'migrate', '--wait', '--json')
  expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('waiting: ') as string })
  expect(ended.out).toMatch(/"\d+ migrations pending, from core\/0001_outbox\.sql on, after \d+/)
  expect(ended.out).not.toContain('5 min')
  const waiting = fixture.json('migrate', '--wait')
  const applied = await fixture.json('migrate')
  expect(applied).toMatchObject({ code: 0, json: { command: 'migrate', pending: [] } })
  expect(applied.json['applied']).toContain('core/0001_outbox.sql')
  expect(await waiting).toMatchObject({ code: 0, json: { pending: [] } })
  expect(await fixture.json('migrate', '--plan')).toMatchObject({ code: 0, json: { pending: [] } })
  expect(await fixture.cli('migrate', '--plan', '--wait')).toMatchObject({ code: 2 })
})

test('A wait for migrations outlasts a restart of the server', async () => {
  const { stores } = fixture
  let restarts = 1
  const postgres: Pick<PostgresStore, 'withConnection'> = {
    withConnection: (use, options) => {
      restarts -= 1
      if (restarts < 0) return stores.postgres.withConnection(use, options)
      const what = { type: 'store-unavailable', store: 'postgres', operation: 'connect' } as const
      return Promise.reject(new FailureError({ ...what, message: 'starting', retryable: true }))
    },
  }
  let told = ''
  const outcome = await migration({
    ...{ args: [], options: { wait: true, timeout: 60_000 }, isJson: true, secrets: new Secrets() },
    terminal: {
      clock: systemClock,
      err: (text: string) => void (told += text),
      interrupted: () => new AbortController().signal,
    } as unknown as Terminal,
    config: async () => ({}),
    open: async () => ({
      stores: { postgres } as unknown as Stores,
      services: async () => ({}),
    }),
    print: () => undefined,
  })
  expect(outcome?.data).toEqual({ applied: [], pending: [] })
  expect(told).toBe('waiting: PostgreSQL does not answer\n')
})

test('A key is inspected without its value, and invalidated for everybody', async () => {
  const { stores } = fixture
  const load = async (ids: readonly number[]) =>
    new Map(ids.map((id) => [id, { id, email: 'ann@example.org' }]))
  const notes = defineCache<number, { id: number; email: string }>(stores, {
    ...{ name: 'note', ttlMs: 600_000, load },
  })
  await eventually(
    async () => {
      orThrow(await notes.get(5))
      const { state } = orThrow(await inspectKey(stores, notes.key(5)))
      expect(state).toBe('value')
    },
    { timeoutMs: 120_000 },
  )
  const found = await fixture.json('cache', 'inspect', 'note:5')
  expect(found).toMatchObject({
    code: 0,
    json: {
      key: 'note:5',
      state: 'value',
      server: stores.redis.runId,
      entry: { isTrusted: true, isRow: true, tags: 0 },
    },
  })
  expect(found.out).not.toContain('ann@example.org')
  const shown = await fixture.cli('cache', 'inspect', 'note:5', '--value')
  expect(shown.out).toContain('"email": "ann@example.org"')

  const invalidated = await fixture.json('cache', 'invalidate', 'note:5', 'note:6')
  expect(invalidated).toMatchObject({ code: 0, json: { keys: ['note:5', 'note:6'] } })
  const gone = await fixture.json('cache', 'inspect', 'note:5')
  expect(gone.json).toMatchObject({ state: 'absent' })
})

test('A key that a writer holds is shown with its owner', async () => {
  const change = beginChange(fixture.stores)
  change.invalidate({ text: 'note:7' })
  orThrow(await change.hold())
  const { json } = await fixture.json('cache', 'inspect', 'note:7')
  await change.release()
  expect(json).toMatchObject({
    state: 'hold',
    holders: [{ owner: expect.stringMatching(/^[\w-]{16}$/) as string }],
  })
})

test('Sessions are listed without their data, and ended one by one or all together', async () => {
  const sessions = createSessions(fixture.stores)
  const begin = () => sessions.create({ userId: 7, data: { address: '10.0.0.1' } })
  orThrow(await begin())
  orThrow(await begin())
  const { json, out } = await fixture.json('sessions', 'list', '7')
  expect(json['sessions']).toHaveLength(2)
  expect(out).not.toContain('10.0.0.1')
  expect((await fixture.json('sessions', 'list', '7', '--text-id')).json).toMatchObject({
    userId: '7',
  })
  expect((await fixture.json('sessions', 'list', '007')).json).toEqual({
    ...{ version: 1, command: 'sessions list', userId: '007', sessions: [] },
  })
  const [first] = orThrow(await sessions.list(7))
  expect(await fixture.json('sessions', 'revoke', '--session', first!.id, '--yes')).toMatchObject({
    code: 0,
    json: { revoked: 1 },
  })
  expect(await fixture.json('sessions', 'revoke', '7')).toMatchObject({
    code: 1,
    json: { isApplied: false, sessions: [expect.anything()] },
  })
  expect(await fixture.json('sessions', 'revoke', '7', '--yes')).toMatchObject({
    code: 0,
    json: { revoked: 1, isApplied: true },
  })
  expect(await fixture.cli('sessions', 'revoke')).toMatchObject({ code: 2 })
})

test('A spill is told of, and drained to its end', async () => {
  const { stores } = fixture
  await stores.postgres.client.query(`
    INSERT INTO activity_spill (origin, entry)
    SELECT gen_random_uuid(), jsonb_build_object('kind', 'activity', 'at', 1764500000000 + n,
      'id', 'id-' || n, 'type', 'page.viewed', 'userId', n, 'data', '{}'::jsonb,
      'metadata', '{}'::jsonb)
    FROM generate_series(1, 1200) AS n`)
  const told = await fixture.json('activity', 'spill')
  expect(told).toMatchObject({ code: 0, json: { entries: 1_200, used: 1_200, limit: 1_000_000 } })
  const interrupted = await fixture.cliIn(
    { signal: AbortSignal.abort() },
    ...['activity', 'spill', '--drain', '--json'],
  )
  expect(interrupted.code).toBe(1)
  expect(JSON.parse(interrupted.out)).toMatchObject({ isComplete: false })
  const drained = await fixture.json('activity', 'spill', '--drain')
  expect(drained).toMatchObject({ code: 0, json: { left: 0, isComplete: true } })
  expect((await fixture.json('activity', 'spill')).json).toMatchObject({ entries: 0 })
})

test('A resync and a rebuild print their plans, and do what they say with --yes', async () => {
  const moments = ['--restored-to', '2026-11-28T20:00:00Z', '--opened-at', '2026-11-28T21:00:00Z']
  const planned = await fixture.json('resync', ...moments)
  expect(planned).toMatchObject({ code: 1, json: { command: 'resync', isApplied: false } })
  expect(await fixture.json('resync', ...moments, '--yes')).toMatchObject({
    code: 0,
    json: { isApplied: true },
  })
  expect(await fixture.cli('resync', '--restored-to', 'yesterday')).toMatchObject({ code: 2 })
  const rebuilt = await fixture.json('rebuild', 'redis', '--yes')
  expect(rebuilt).toMatchObject({ code: 0, json: { command: 'rebuild', isApplied: true } })
  expect(await runCli(['rebuild', 'redis'], { env: fixture.env })).toMatchObject({ code: 2 })
  expect(await fixture.cli('rebuild', 'postgres')).toMatchObject({ code: 2 })
})

test('A rebuild that fails says so in its JSON, beside what was done', async () => {
  const failure = { type: 'store-unavailable', message: 'down', retryable: true } as const
  const work = {
    plan: () => okAsync([]),
    apply: () => errAsync({ ...failure, store: 'redis', operation: 'count' } as const),
  }
  const part: Resyncable = {
    ...{ name: 'counts', store: 'redis', afterRestore: () => work, afterLoss: () => work },
  }
  const outcome = await rebuilding({
    ...{ args: ['redis'], options: { yes: true }, isJson: true, secrets: new Secrets() },
    terminal: {} as Terminal,
    config: async () => ({}),
    open: async () => ({
      stores: fixture.stores,
      services: async () => ({ resyncables: [part] }),
    }),
    print: () => undefined,
  })
  expect(outcome).toMatchObject({
    isFinding: true,
    data: { error: { message: expect.stringContaining('counts') as string } },
  })
})
