import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { err, ok, ResultAsync, systemClock, type Failure } from '@headwater/core'
import { expect, test } from 'vitest'
import { checkRunbooks } from '../../src/doctor/check-names.ts'
import { worstOf, type Check, type Examination } from '../../src/doctor/check.ts'
import { examine, type Examiner } from '../../src/doctor/examine.ts'
import { judge } from '../../src/doctor/judge.ts'
import { withRunbooks } from '../../src/doctor/runbooks.ts'
import { Stalls } from '../../src/doctor/stalls.ts'
import { runbookOf, runbookUrl, storeRunbooks, type Runbook } from '../../src/runbook.ts'

const deadlineMs = 1_500
const quiet = { deadlineMs, stalledMs: 30 }
const up = { subject: 'postgres', status: 'up', latencyMs: 8, checks: [] } as const
const silent = {
  ...{ subject: 'redis', status: 'down', error: 'no answer within 1.5 s', isSilent: true },
  checks: [],
} as const satisfies Examination
const refused = { ...silent, subject: 'mongodb', isSilent: undefined, error: 'ECONNREFUSED' }
const unfinished: Check = { name: 'answers', status: 'failed', message: 'not every question' }

function statusesOf(examinations: readonly Examination[]): Record<string, string> {
  return Object.fromEntries(examinations.map(({ subject, status }) => [subject, status]))
}

test('A store that is silent while another answers at once is down', () => {
  const judged = judge([up, silent], quiet)
  expect(statusesOf(judged)).toEqual({ redis: 'down', postgres: 'up' })
  expect(judged[0]?.subject).toBe('redis')
})

test('A store that is silent while the only other one is slow is down', () => {
  const judged = judge([silent, { ...up, latencyMs: 900 }], quiet)
  expect(statusesOf(judged)).toEqual({ redis: 'down', postgres: 'up' })
})

test('A store that is silent is down where this process stood still for a part of the time only', () => {
  expect(statusesOf(judge([silent, up], { ...quiet, stalledMs: 400 }))).toMatchObject({
    redis: 'down',
  })
})

const lateUp = { ...up, latencyMs: 900 }

test.each([
  ['this process stood still', { ...quiet, stalledMs: 800 }, up, /stood still for 800 ms/],
  ['two others were slow', quiet, lateUp, /the fastest of all took 900 ms/],
] as const)(
  'A store that is silent while %s is slow, which is doubtful, and one that refuses is down',
  (_when, circumstances, other, why) => {
    const checks = [unfinished]
    const { isSilent: _, ...down } = refused
    const examined = [silent, { ...other, checks }, { ...lateUp, subject: 'pinecone' }, down]
    const judged = judge(examined as readonly Examination[], circumstances)
    expect(statusesOf(judged)).toEqual({
      ...{ mongodb: 'down', redis: 'slow', postgres: 'up', pinecone: 'up' },
    })
    expect(judged[0]?.subject).toBe('mongodb')
    expect(judged.find(({ subject }) => subject === 'redis')?.error).toMatch(why)
    expect(judged.find(({ subject }) => subject === 'postgres')?.checks).toMatchObject([
      { name: 'answers', status: 'warning', isDoubtful: true },
    ])
    expect(worstOf(judged.filter(({ status }) => status !== 'down'))).toBe('warning')
  },
)

test('What is certain comes before what is doubtful, and both before what is in order', () => {
  const checks: readonly Check[] = [
    { name: 'version', status: 'ok', message: 'supported' },
    { name: 'clock', status: 'warning', message: 'no answer', isDoubtful: true },
    { name: 'near-members', status: 'unknown', message: 'it does not say' },
    { name: 'connections', status: 'warning', message: 'full' },
    { name: 'relay', status: 'failed', message: 'no relay' },
  ]
  const [first, second] = judge([up, { ...up, subject: 'mongodb', checks }], quiet)
  expect([first?.subject, second?.subject]).toEqual(['mongodb', 'postgres'])
  expect(first?.checks.map(({ name }) => name)).toEqual([
    ...['relay', 'connections', 'clock', 'near-members', 'version'],
  ])
})

const late: Failure<string> = { type: 'deadline-exceeded', message: 'too late', retryable: false }

function examinerOf(answers: readonly boolean[], look: Examiner['look']): Examiner {
  let asked = 0
  const greet = () =>
    new ResultAsync(Promise.resolve(answers[asked++] === true ? ok('18.4') : err(late)))
  return { store: 'postgres', greet, look }
}

test('A store that is silent is asked once more, and one that answers then is doubtful alone', async () => {
  const look: Examiner['look'] = async (findings) => {
    findings.ok('version', 'supported')
  }
  const patience = { clock: systemClock, deadlineMs: 60_000 }
  const once = await examine(examinerOf([false, true], look), patience)
  expect(once).toMatchObject({ status: 'up', version: '18.4' })
  expect(once.checks).toMatchObject([
    { name: 'answers', status: 'warning', isDoubtful: true },
    { name: 'version', status: 'ok' },
  ])
  expect(await examine(examinerOf([false, false], look), patience)).toMatchObject({
    ...{ status: 'down', isSilent: true, error: 'too late' },
  })
})

test('Questions that a store leaves open are named', async () => {
  const look: Examiner['look'] = async (findings) => {
    await findings.collect({ rights: Promise.resolve(), migrations: new Promise(() => undefined) })
  }
  const { checks } = await examine(examinerOf([true], look), {
    ...{ clock: systemClock, deadlineMs: 300 },
  })
  expect(checks).toMatchObject([{ name: 'answers', status: 'failed' }])
  expect(checks[0]?.message).toMatch(/within 300 ms: migrations$/)
})

test('A process that stands still notices for how long', () => {
  const stalls = new Stalls(systemClock)
  const untilMs = systemClock.monotonic() + 200
  while (systemClock.monotonic() < untilMs);
  expect(stalls.stalledMs).toBeGreaterThan(150)
  stalls.end()
})

const pages: readonly Runbook[] = [
  ...new Set([...Object.values(checkRunbooks), ...Object.values(storeRunbooks)]),
]

test.each(pages)('The runbook %s of a finding exists, with its heading', (runbook) => {
  const [, page = '', heading] = /\/main\/([^#]+)(?:#(.*))?$/.exec(runbookUrl(runbook)) ?? []
  const file = path.join(import.meta.dirname, '../../../..', page)
  expect([page, existsSync(file)]).toEqual([page, true])
  const headings = readFileSync(file, 'utf8').match(/^## .*$/gm) ?? []
  const anchors = headings.map((line) => line.slice(3).toLowerCase().replaceAll(' ', '-'))
  if (heading !== undefined) expect(anchors).toContain(heading)
})

test('A finding names its runbook, and what is in order names none', () => {
  const checks: readonly Check[] = [
    { name: 'version', status: 'ok', message: 'supported' },
    { name: 'relay', status: 'failed', message: 'no relay' },
  ]
  const [postgres, redis] = [{ ...up, checks }, silent].map(withRunbooks)
  expect(redis?.runbook).toBe(runbookUrl('redis-failing'))
  expect(postgres).not.toHaveProperty('runbook')
  expect(postgres?.checks.map(({ runbook }) => runbook)).toEqual([
    ...[undefined, runbookUrl('relay-lagging')],
  ])
})

test.each([
  [{ type: 'store-unavailable', store: 'redis' }, 'redis-failing'],
  [{ type: 'deadline-exceeded', store: 'postgres' }, 'doctor#postgresql-is-down'],
  [{ type: 'spill-stuck' }, 'activity-spill'],
  [{ type: 'outbox-restored' }, 'relay-lagging'],
] as const)('The failure %j leads to its runbook', (failure, page) => {
  expect(runbookOf(failure)).toBe(runbookUrl(page))
})

test('A failure of the input has no runbook', () => {
  expect(runbookOf({ type: 'invalid-input', store: 'redis' })).toBeUndefined()
})
