import { afterAll, beforeAll, expect, test } from 'vitest'
import { Findings, type Examination } from '../../src/doctor/check.ts'
import { checkSpill } from '../../src/doctor/spill-check.ts'
import { openCli, runCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture

beforeAll(async () => {
  fixture = await openCli()
})
afterAll(() => fixture.dispose())

/** A deadline that a busy machine keeps. */
const patiently = ['doctor', '--deadline', '60'] as const

test('Activity that waits for MongoDB is found, with how full its room is', async () => {
  const { client } = fixture.stores.postgres
  const of = async () => {
    const { code, out } = await fixture.cliIn({}, ...patiently, '--json')
    const { examinations } = JSON.parse(out) as { examinations: readonly Examination[] }
    const checks = examinations.flatMap((one) => one.checks)
    return { code, check: checks.find(({ name }) => name === 'activity-spill') }
  }
  expect((await of()).check).toMatchObject({ status: 'ok', message: 'no activity waits' })
  const spill = `INSERT INTO activity_spill (seq, origin, entry)
    OVERRIDING SYSTEM VALUE SELECT seq, gen_random_uuid(), '{}' FROM unnest($1::int[]) AS seq`
  try {
    await client.query(spill, [[1, 2_500]])
    expect(await of()).toMatchObject({
      code: 1,
      check: {
        status: 'warning',
        message: expect.stringMatching(/^2,500 entries .*: 0 % of the 1,000,000/) as string,
        runbook: expect.stringContaining('/activity-spill.md') as string,
      },
    })
    await client.query(spill, [[900_000]])
    expect((await of()).check?.status).toBe('failed')
    const { out } = await runCli([...patiently, '--json'], { env: fixture.env })
    expect(out).toMatch(/900,000 entries of activity wait for MongoDB since [^:"]+"/)
  } finally {
    await client.query('TRUNCATE activity_spill')
  }
})

test('Activity that waits is found although the application waits for MongoDB', async () => {
  const { stores } = fixture
  const findings = new Findings()
  await stores.postgres.client.query(
    `INSERT INTO activity_spill (origin, entry) VALUES (gen_random_uuid(), '{}')`,
  )
  try {
    const activity = () => new Promise<undefined>(() => undefined)
    await checkSpill({ stores, activity, deadlineMs: 2_000 }, findings)
    expect(findings.checks).toMatchObject([
      { name: 'activity-spill', message: expect.stringMatching(/^1 entry of act/) as string },
    ])
  } finally {
    await stores.postgres.client.query('TRUNCATE activity_spill')
  }
})
