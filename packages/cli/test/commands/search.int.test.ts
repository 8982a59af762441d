import { expect, test, afterAll, beforeAll } from 'vitest'
import { createRelay, orThrow, type Sink } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { createCourseSearch, hashingEmbedder, inMemoryVectorIndex } from '@headwater/search'
import { openCli, runCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture
let courses: readonly Course[]

beforeAll(async () => {
  fixture = await openCli()
  courses = await fixture.offer('Algebra', 'Baking', 'Chess')
})
afterAll(() => fixture.dispose())

test('An index that lacks courses is a finding, and its repair is planned before it is done', async () => {
  const verified = await fixture.json('search', 'verify', '--limit', '2')
  expect(verified).toMatchObject({
    code: 1,
    json: { command: 'search verify', isInSync: false, missing: 3, courses: 3 },
  })
  expect(verified.json['differences']).toHaveLength(2)
  expect(verified.err).toMatch(/^100 % compared: 3 of 3 courses and records/m)
  const planned = await fixture.json('search', 'repair')
  expect(planned).toMatchObject({ code: 1, json: { isApplied: false, repaired: 0 } })
  const part = await fixture.json('search', 'repair', '--limit', '1', '--yes')
  expect(part).toMatchObject({ code: 1, json: { repaired: 1, isComplete: false } })
  const rest = await fixture.json('search', 'repair', '--yes')
  expect(rest).toMatchObject({ code: 0, json: { repaired: 2, isComplete: true } })
  expect(await fixture.json('search', 'verify')).toMatchObject({
    code: 0,
    json: { isInSync: true, coverage: 1 },
  })
})

test('An index whose sink no relay serves is said to be behind for that reason, beside its repair', async () => {
  const [{ id }] = courses as [Course]
  const { sinks } = createCourseSearch(fixture.stores, {
    courses: fixture.repositories.courses,
    embedder: hashingEmbedder(),
    index: inMemoryVectorIndex(),
  })
  const [{ name: sink }] = sinks as readonly [Sink]
  expect((await fixture.json('search', 'verify')).json['sinks']).toEqual([
    { sink, isServed: false, lagEvents: null, lagMs: 0, parked: 0, dead: 0 },
  ])
  const relay = createRelay(fixture.stores, { sinks, tickMs: 5, maxPollMs: 20 })
  relay.start()
  orThrow(await relay.drain())
  const served = await fixture.json('search', 'verify')
  expect(served.json['sinks']).toMatchObject([{ sink, isServed: true, dead: 0 }])
  orThrow(await relay.stop({ deadlineMs: 60_000 }))
  orThrow(await fixture.repositories.courses.update(id, { title: 'Algebra again' }))
  const { code, out } = await fixture.cli('search', 'verify')
  expect(code).toBe(1)
  expect(out).toContain(`The sink ${sink} has no relay and is 1 event behind.`)
  expect(out).toContain('/docs/runbooks/relay-lagging.md')
  expect(out).toContain('1 differ from PostgreSQL: headwater search repair')
  expect(await fixture.cli('search', 'repair', '--yes')).toMatchObject({ code: 0 })
})

test('An index is verified although the outbox tells nothing of its sinks', async () => {
  const { client } = fixture.stores.postgres
  await client.query('ALTER TABLE outbox_tick RENAME TO away')
  try {
    expect(await fixture.json('search', 'verify')).toMatchObject({
      code: 0,
      json: { isInSync: true, sinks: [] },
    })
  } finally {
    await client.query('ALTER TABLE away RENAME TO outbox_tick')
  }
})

test('Words that were written without triggers are a finding until they are renewed', async () => {
  const { client } = fixture.stores.postgres
  expect(await fixture.json('search', 'words')).toMatchObject({
    code: 0,
    json: { command: 'search words', isInSync: true, courses: 3, isApplied: false },
  })
  const examined = async () => {
    const { json } = await fixture.json('doctor', '--deadline', '60')
    return JSON.stringify(json)
  }
  expect(await examined()).toContain('searches read the words of the courses, as far as looked')
  await client.query('UPDATE search_words SET words = strip(words)')
  expect(await examined()).toContain('for 3 of 3 looked at')
  const compared = await fixture.cli('search', 'words')
  expect(compared.code).toBe(1)
  expect(compared.out).toContain('The words of 3 courses differ: headwater search words --yes')
  expect(await fixture.json('search', 'words', '--yes')).toMatchObject({
    code: 0,
    json: { isInSync: true, stale: 3, repaired: 3, isApplied: true },
  })
  expect((await fixture.cli('search', 'words')).out).toContain('The words are those')
})

test('Calibrating shows the floor before and after', async () => {
  const { client } = fixture.stores.postgres
  await client.query('DELETE FROM search_calibration')
  expect((await fixture.cli('search', 'calibrate')).out).toMatch(/^floor .*not measured before/m)
  await client.query('UPDATE search_calibration SET floor = 0.125')
  const { json } = await fixture.json('search', 'calibrate')
  expect(json['floorBefore']).toBe(0.125)
  await client.query('UPDATE search_calibration SET floor = 0.125')
  const { out } = await fixture.cli('search', 'calibrate')
  expect(out).toMatch(new RegExp(`^floor +${Number(json['floor']).toFixed(3)}, 0.125 before`, 'm'))
})

test('Calibrating measures the index, of a generation where one is named', async () => {
  const { code, json } = await fixture.json('search', 'calibrate')
  expect([code, json['command'], json['courses']]).toEqual([0, 'search calibrate', 3])
  expect(Number(json['floor'])).toBeGreaterThanOrEqual(Number(json['typical']))
  const { rows } = await fixture.stores.postgres.client.query<{ floor: number }>(
    'SELECT floor FROM search_calibration',
  )
  expect(rows.map(({ floor }) => floor)).toContain(json['floor'])
  expect((await fixture.cli('search', 'calibrate')).out).toMatch(/^unrelated +-?\d\.\d{3}: /m)
  expect(await fixture.json('search', 'calibrate', '--generation', 'nowhere')).toMatchObject({
    code: 1,
    json: { error: { type: 'invalid-input' } },
  })
})

test('The status tells of all courses and of one', async () => {
  const { json } = await fixture.json('search', 'status')
  expect(json).toMatchObject({ command: 'search status', synced: 3, pending: 0, failed: 0 })
  const [{ id }] = courses as [Course]
  const one = await fixture.json('search', 'status', String(id))
  expect(one.json).toMatchObject({ version: 1, course: { courseId: id, state: 'synced' } })
  expect((one.json['course'] as { version: number }).version).toBeGreaterThan(1)
  expect(await fixture.cli('search', 'status', 'algebra')).toMatchObject({ code: 2 })
  expect(await fixture.json('search', 'status', '4711')).toMatchObject({
    code: 1,
    json: { version: 1, error: { type: 'not-found' } },
  })
})

test('Reindexing tells how far it is, and goes on where it was interrupted', async () => {
  const interrupted = await fixture.cliIn(
    { signal: AbortSignal.abort() },
    ...['search', 'reindex', '--json'],
  )
  expect(interrupted.code).toBe(1)
  expect(JSON.parse(interrupted.out)).toMatchObject({ isComplete: false })
  const done = await fixture.json('search', 'reindex')
  expect(done).toMatchObject({
    code: 0,
    json: { command: 'search reindex', isComplete: true, counts: { unchanged: 3 } },
  })
  expect(done.err).toMatch(/100 % indexed: 3 of 3 courses/)
})

test('Generations are listed, and removed or activated only with --yes', async () => {
  const { json } = await fixture.json('search', 'generations')
  expect(json).toMatchObject({ generations: [{ state: 'active', dimensions: 1536 }] })
  const planned = await fixture.json('search', 'generations', 'activate')
  expect(planned).toMatchObject({ code: 1, json: { isApplied: false } })
  const activated = await fixture.json('search', 'generations', 'activate', '--yes')
  expect(activated).toMatchObject({ code: 0, json: { isApplied: true, report: { coverage: 1 } } })
  expect(await fixture.json('search', 'generations', 'rollback', '--yes')).toMatchObject({
    code: 1,
    json: { error: { type: 'invalid-input' } },
  })
  expect(await fixture.json('search', 'generations', 'cleanup', '--yes')).toMatchObject({
    code: 0,
    json: { generations: [], removed: 0 },
  })
  const [{ name }] = json['generations'] as [{ readonly name: string }]
  for (const kept of [name, 'nowhere'])
    expect(await fixture.json('search', 'generations', 'cleanup', kept)).toMatchObject({
      code: 2,
      json: { error: { type: 'usage', message: expect.stringContaining(kept) as string } },
    })
})

test('A command that needs what the application makes of its stores says so', async () => {
  const { code, err } = await runCli(['search', 'verify'], { env: fixture.env })
  expect(code).toBe(2)
  expect(err).toContain('needs headwater.config.ts, whose services(stores) returns search')
})

test('Queries of the log are gathered anew, so that they may be suggested', async () => {
  expect((await fixture.cli('search', 'queries')).out).toMatch(
    /^No query may be suggested: .* or the log has no `queries`/,
  )
  const { activity } = fixture.repositories
  for (let userId = 1; userId <= 5; userId += 1)
    orThrow(
      activity.logSearch({
        ...{ userId, query: 'algebra', resultsCount: 1 },
        ...{ searchType: 'hybrid', durationMs: 1 },
      }),
    )
  await activity.flush()
  expect(await fixture.json('search', 'queries')).toMatchObject({ code: 0, json: { queries: 1 } })
  expect((await fixture.cli('search', 'queries')).out).toBe('1 query may be suggested.\n')
})
