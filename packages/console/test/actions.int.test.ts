import { orThrow, outbox } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { beforeEach, expect, test } from 'vitest'
import type { Letter, OutboxScreen } from '../src/contract/outbox-screen.ts'
import type { AuditEntry, KeyState, LimitState, SessionState } from '../src/contract/screens.ts'
import type { IndexDrift } from '../src/contract/search-screen.ts'
import { createConsole, type ConsoleHandler } from '../src/index.ts'
import { host, useDeployment, visitor } from './console-fixture.ts'

const deployment = useDeployment()
let ask: ReturnType<typeof visitor>

beforeEach(() => {
  ask = visitor(deployment().handle)
})

/** The audit without its moments, newest first. */
async function audited(): Promise<readonly Omit<AuditEntry, 'id' | 'at'>[]> {
  const entries = await ask.view<readonly AuditEntry[]>('audit')
  const ids = entries.map(({ id }) => Number(id))
  expect(ids).toEqual([...ids].sort((one, other) => other - one))
  return entries.map(({ id: _, at, ...entry }) => {
    expect(at).toBeGreaterThan(1_700_000_000_000)
    return entry
  })
}

async function lettersOf(aggregateId: string): Promise<Letter> {
  const letters = await ask.view<readonly Letter[]>('outbox/letters?sink=mail')
  const found = letters.find((letter) => letter.aggregateId === aggregateId)
  if (found === undefined) throw new Error(`no dead letter of ${aggregateId}`)
  return found
}

test('A payload is shown to who reveals it, who is in the audit', async () => {
  await deployment().bury('a1')
  const letter = await lettersOf('a1')
  expect(letter.shape).toEqual({ to: 'string', lines: ['string'], copies: 'number' })
  const answers = await ask.get('api/outbox').then((response) => response.text())
  expect(answers + JSON.stringify(letter)).not.toMatch(/ada@example|secret words/)
  const input = { sink: 'mail', eventId: letter.eventId }
  expect((await ask.act('outbox/reveal', input, { who: 'eve:read' })).status).toBe(403)
  const revealed = await ask.act('outbox/reveal', input)
  expect(await revealed.json()).toMatchObject({ data: { to: 'ada@example.com' } })
  const [entry] = await audited()
  expect(entry).toEqual({
    operator: 'grace',
    action: 'outbox/reveal',
    subject: input,
    outcome: 'revealed its payload',
  })
})

test('Replays and discards what was selected and no more, and writes it down', async () => {
  await deployment().bury('b1', 'b2', 'b3')
  const { eventId } = await lettersOf('b1')
  const replayed = await ask.act('outbox/replay', { sink: 'mail', eventIds: [eventId] })
  expect(await replayed.json()).toEqual({ outcome: 'replayed 1 event' })
  await eventually(async () => expect((await lettersOf('b1')).replays).toBe(1))
  expect((await lettersOf('b2')).replays).toBe(0)
  const { fingerprint, count } = await groupOfMail()
  const few = { sink: 'mail', fingerprint, atMost: count - 1 }
  expect((await ask.act('outbox/discard', few)).status).toBe(409)
  expect((await groupOfMail()).count).toBe(count)
  const discarded = await ask.act('outbox/discard', { ...few, atMost: count })
  expect(await discarded.json()).toMatchObject({
    outcome: expect.stringMatching(/^discarded \d+ events$/) as string,
  })
  await eventually(async () =>
    expect(orThrow(await outbox(deployment().stores).deadLetters.list())).toEqual([]),
  )
  expect((await audited()).slice(0, 3).map(({ action }) => action)).toEqual([
    'outbox/discard',
    'outbox/discard',
    'outbox/replay',
  ])
})

async function groupOfMail() {
  const { dead, status, shards } = await ask.view<OutboxScreen>('outbox')
  if (!dead.isAvailable || !status.isAvailable || !shards.isAvailable)
    throw new Error(JSON.stringify({ dead, status, shards }))
  const sink = status.data.sinks.find((one) => one.sink === 'mail')
  expect(sink).toMatchObject({ sink: 'mail', unowned: 0 })
  expect(shards.data.filter((shard) => shard.sink === 'mail')).toHaveLength(64)
  const group = dead.data.groups.find((one) => one.sink === 'mail')
  if (group === undefined) throw new Error('no dead letters of mail')
  return group
}

test('Nothing is done that cannot be written down', async () => {
  await deployment().bury('c1')
  const { stores } = deployment()
  const { eventId } = await lettersOf('c1')
  await stores.postgres.client.query('ALTER TABLE @schema.console_audit RENAME TO put_away')
  try {
    const refused = await ask.act('outbox/discard', { sink: 'mail', eventIds: [eventId] })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({
      error: { message: expect.stringContaining('run migrate with consoleMigrations') as string },
    })
  } finally {
    await stores.postgres.client.query('ALTER TABLE @schema.put_away RENAME TO console_audit')
  }
  expect((await lettersOf('c1')).eventId).toBe(eventId)
})

test('An action that fails is in the audit with its reason', async () => {
  const gone = { sink: 'mail', eventId: 'gone' }
  expect((await ask.act('outbox/reveal', gone)).status).toBe(404)
  const [entry] = await audited()
  expect(entry?.outcome).toMatch(/^failed: .*gone/)
})

test('An action that throws is in the audit with its reason', async () => {
  const { limiter, stores } = deployment()
  const reset = () => {
    throw new Error('a mistake of the host')
  }
  const handle = createConsole(stores, {
    hosts: [host],
    basePath: '/ops/console',
    authorize: () => ({ name: 'ada', access: 'operate' }),
    limiters: { own: { peek: (subject) => limiter.peek(subject), reset } },
  })
  const input = { limiter: 'own', subject: 'ada' }
  const { act, view } = visitor(handle)
  expect((await act('sessions/reset-limit', input)).status).toBe(500)
  handle.stop()
  const [entry] = await view<readonly AuditEntry[]>('audit')
  expect(entry).toMatchObject({ operator: 'ada', outcome: 'failed: a mistake of the host' })
})

test('A key shows its state and its life, and an invalidation ends its value', async () => {
  const { notes } = deployment()
  const key = notes.key(7).text
  const state = () => ask.view<KeyState>(`caches/key?key=${encodeURIComponent(key)}`)
  expect(await state()).toEqual({ state: 'absent', holders: [] })
  await eventually(async () => {
    orThrow(await notes.get(7))
    expect(await state()).toMatchObject({
      state: 'value',
      entry: { isTrusted: true, isRow: true },
    })
  })
  const invalidated = await ask.act('caches/invalidate', { key })
  expect(await invalidated.json()).toEqual({ outcome: 'invalidated the key' })
  expect(await state()).toEqual({ state: 'absent', holders: [] })
})

test('What no cache has written is left alone, whoever types its key', async () => {
  const { client, keyPrefix } = deployment().stores.redis
  await client.set(`${keyPrefix}theirs`, 'a text')
  await client.hSet(`${keyPrefix}their-hash`, 'a', 'text')
  for (const key of ['theirs', 'their-hash']) {
    expect(await ask.view(`caches/key?key=${key}`)).toMatchObject({ state: 'foreign' })
    const refused = await ask.act('caches/invalidate', { key })
    expect([key, refused.status]).toEqual([key, 400])
  }
  expect(await client.get(`${keyPrefix}theirs`)).toBe('a text')
  expect(await client.hGet(`${keyPrefix}their-hash`, 'a')).toBe('text')
})

test('A key is shown without its value', async () => {
  const { notes } = deployment()
  const path = `caches/key?key=${encodeURIComponent(notes.key(8).text)}`
  await eventually(async () => {
    orThrow(await notes.get(8))
    expect(await ask.view(path)).toMatchObject({ state: 'value' })
  })
  expect(JSON.stringify(await ask.view(path))).not.toContain('note 8')
})

test('Sessions of a user are listed without their tokens, and ended', async () => {
  const { sessions } = deployment()
  const { token } = orThrow(await sessions.create({ userId: 5, data: { secret: 'words' } }))
  orThrow(await sessions.create({ userId: 5 }))
  const list = () => ask.view<readonly SessionState[]>('sessions/user?userId=5')
  const listed = await list()
  expect(listed).toHaveLength(2)
  expect(JSON.stringify(listed)).not.toMatch(new RegExp(`${token}|words`))
  const ended = await ask.act('sessions/revoke', { id: listed[0]?.id })
  expect(await ended.json()).toEqual({ outcome: 'ended the session' })
  const all = await ask.act('sessions/revoke-all', { userId: '5' })
  expect(await all.json()).toEqual({ outcome: 'ended 1 session' })
  expect(await list()).toEqual([])
})

test('A limit shows what is left, and is reset', async () => {
  const { limiter } = deployment()
  for (let taken = 0; taken < 3; taken += 1) await limiter.take('ada')
  const look = async () => (await ask.view<readonly LimitState[]>('sessions/limits?subject=ada'))[0]
  expect(await look()).toMatchObject({ limiter: 'sign-in', isLimited: true, limit: 3 })
  await ask.act('sessions/reset-limit', { limiter: 'sign-in', subject: 'ada' })
  expect(await look()).toMatchObject({ isLimited: false, remaining: 3 })
})

test('The index is compared with PostgreSQL, and its differences are mended', async () => {
  const { repositories, search } = deployment()
  const { users, courses } = repositories
  const teacher = orThrow(
    await users.create({ email: 'a@example.com', username: 'a', passwordHash: 'x' }),
  )
  const course = orThrow(
    await courses.create({ title: 'Algebra', instructorId: teacher.id, price: '1.00' }),
  )
  orThrow(await courses.publish(course.id))
  await eventually(async () => expect(await drift()).toMatchObject({ courses: 1, missing: 0 }))
  // An event that is still to come would index it again.
  await eventually(async () => {
    const { sinks } = orThrow(await outbox(deployment().stores).status())
    expect(sinks.every(({ lagEvents }) => lagEvents === 0)).toBe(true)
  })
  orThrow(await search.index.unindexCourse(course.id))
  await eventually(async () => expect(await drift()).toMatchObject({ missing: 1 }))
  const repaired = await ask.act('search/repair', {})
  expect(await repaired.json()).toEqual({ outcome: 'repaired 1 record' })
  await eventually(async () => expect(await drift()).toMatchObject({ missing: 0 }))
})

test('A search that an operator tries is in the audit, and readers try none', async () => {
  const input = { query: 'algebra' }
  expect((await ask.act('search/try', input, { who: 'eve:read' })).status).toBe(403)
  expect((await ask.get('api/search/try?query=algebra')).status).toBe(404)
  const tried = await ask.act('search/try', input)
  expect(await tried.json()).toMatchObject({ data: { hits: expect.any(Array) as unknown } })
  const [entry] = await audited()
  expect(entry).toMatchObject({ operator: 'grace', action: 'search/try', subject: input })
})

test('A search says which courses it found and dropped, why, and where its time went', async () => {
  const { repositories, search } = deployment()
  const { users, courses } = repositories
  const eve = { email: 'eve@example.com', username: 'eve', passwordHash: 'x' }
  const { id: instructorId } = orThrow(await users.create(eve))
  const ids: number[] = []
  for (const title of ['Zymurgy for brewers', 'Castles of the Middle Ages']) {
    const { id } = orThrow(await courses.create({ title, instructorId, price: '1.00' }))
    orThrow(await courses.publish(id))
    ids.push(id)
  }
  await eventually(async () => {
    for (const id of ids) expect(orThrow(await search.index.status(id)).state).toBe('synced')
  })
  const [brewing, castles] = ids
  const tried = await ask.act('search/try', { query: 'zymurgy' })
  const reason = expect.stringMatching(/below-floor|not-distinct/) as string
  expect(await tried.json()).toMatchObject({
    data: {
      hits: [{ courseId: brewing }],
      dropped: expect.arrayContaining([
        expect.objectContaining({ courseId: castles, reason }),
      ]) as unknown,
      floor: expect.any(Number) as number,
      timings: { fusionMs: expect.any(Number) as number },
    },
  })
})

async function drift(): Promise<IndexDrift> {
  const verified = await ask.act('search/verify', {})
  return ((await verified.json()) as { readonly data: IndexDrift }).data
}

test('A console without means for a screen does not have it', async () => {
  const handle: ConsoleHandler = createConsole(deployment().stores, {
    hosts: [host],
    authorize: () => ({ name: 'ada', access: 'read' }),
  })
  const headers = { host, 'x-headwater-console': '1' }
  const ask = (path: string) => handle(new Request(`http://${host}/${path}`, { headers }))
  const viewer = await (await ask('api/viewer')).json()
  expect(viewer).toEqual({
    name: 'ada',
    access: 'read',
    screens: ['overview', 'caches', 'outbox', 'members', 'audit'],
  })
  expect((await ask('api/search')).status).toBe(404)
})
