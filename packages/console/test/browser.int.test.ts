import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Letter, OutboxScreen } from '../src/contract/outbox-screen.ts'
import { useDeployment, visitor, type Deployment, type StoreName } from './console-fixture.ts'
import { canBrowse, isBuilt, keepPicture, useBrowser, violationsOf } from './browser-fixture.ts'

test.runIf(isBuilt)('The script and the style together have at most 60 kB, compressed', () => {
  const sizes = ['console.js', 'console.css'].map(
    (name) => gzipSync(readFileSync(new URL(`../client/dist/${name}`, import.meta.url))).length,
  )
  expect(sizes[0]! + sizes[1]!).toBeLessThanOrEqual(60_000)
})

describe.runIf(canBrowse)('in a browser', () => {
  const deployment = useDeployment()
  const open = useBrowser(deployment)
  beforeAll(() => fill(deployment()))

  /** Each screen with what it shows once it has everything, and how to come to see it. */
  const screens: readonly [string, readonly string[], ((page: Page) => Promise<void>)?][] = [
    ['overview', ['postgres', 'pinecone', 'Cache hit rate', 'mail has given up 2 events']],
    ['caches', ['note', 'Hits in Redis', 'value', 'Trusted'], lookIntoKey],
    [
      'outbox',
      ['mail', 'no such mailbox', '64 shards', '"to": "string"', 'mailbox 7 is full'],
      showLetters,
    ],
    ['search', ['Algebra for all', 'Found and not shown: 0', 'Courses in sync'], trySearch],
    ['activity', ['page.viewed', 'algebra', 'enrolled', 'Spilled entries']],
    ['sessions', ['Ends unless used', 'may pass'], lookUpSubject],
    ['members', ['Node.js', 'mail', 'No process keeps values near.']],
    ['audit', ['The last hundred actions', 'grace', 'invalidated the key']],
  ]

  test.each(screens)(
    'The screen %s shows live data, is accessible, and fits a phone, in light and dark',
    async (screen, texts, prepare) => {
      const page = await open(screen)
      await prepare?.(page)
      for (const text of texts) await page.getByText(text).first().waitFor()
      expect(await violationsOf(page)).toEqual([])
      await keepPicture(page, `${screen}-light`)
      await page.emulateMedia({ colorScheme: 'dark' })
      expect(await violationsOf(page, { type: 'rule', values: ['color-contrast'] })).toEqual([])
      await keepPicture(page, `${screen}-dark`)
      await page.setViewportSize({ width: 360, height: 700 })
      await eventually(async () => expect(await overhangOf(page)).toBeLessThanOrEqual(0))
    },
  )

  const asking: readonly [StoreName, readonly string[]][] = [
    ['postgres', screens.map(([screen]) => screen)],
    ['redis', ['caches', 'sessions', 'members']],
    ['mongodb', ['activity']],
    ['pinecone', ['search']],
  ]

  test.each(asking)('While %s hangs, the screens that ask it say so', async (store, named) => {
    const page = await open('overview')
    deployment().faults[store].hang()
    try {
      await page.locator('.card', { hasText: store }).getByText('down').waitFor()
      for (const screen of named) {
        await page.getByRole('navigation').locator(`a[href="#${screen}"]`).click()
        await page.locator('section, .unavailable').first().waitFor()
      }
      expect(await violationsOf(page)).toEqual([])
    } finally {
      deployment().faults[store].restore()
    }
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.locator('.card', { hasText: store }).getByText('up').waitFor()
  })

  test('The menu and the content are reached by the keyboard alone', async () => {
    const page = await open('overview')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Outbox' }).waitFor()
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Outbox')
    expect(await page.title()).toBe('Outbox · Headwater')
  })

  test('Failed events are revealed, replayed, tried and discarded, and each is in the audit', async () => {
    const page = await open('outbox')
    await page.getByRole('button', { name: 'Show events' }).click()
    await page.getByText('"to": "string"').first().waitFor()
    expect(await page.getByText('ada@example.com').count()).toBe(0)
    await press(page, 'Reveal the payload', 'revealed its payload')
    await page.getByText('ada@example.com').waitFor()
    await press(page, 'Replay', 'replayed 1 event')
    // The page may still show what was before.
    const { view } = visitor(deployment().handle)
    await eventually(async () => {
      const letters = await view<readonly Letter[]>('outbox/letters?sink=mail')
      expect(letters.map(({ replays }) => replays).sort()).toEqual([0, 1])
      const { dead, waiting } = await view<OutboxScreen>('outbox')
      expect(dead).toMatchObject({ data: { groups: [{ state: 'dead', count: 2 }] } })
      expect(waiting).toMatchObject({ data: { groups: [{ state: 'waiting' }] } })
    })
    await page.getByText('2 events for mail').first().waitFor()
    await press(page, 'Discard all', 'discarded 2 events')
    await page.getByText('None: every event was taken').waitFor()
    await press(page, 'Try all now', 'asked for 3 events to be tried now')
    await press(page, 'Discard all waiting', 'discarded 3 events')
    await page.getByText('None: no sink failed for now.').waitFor()
    await page.getByRole('link', { name: 'Audit' }).click()
    for (const action of ['reveal', 'replay', 'discard', 'try', 'discard-waiting'])
      await page.getByText(`outbox/${action}`, { exact: true }).waitFor()
  })

  test('A key is invalidated by the keyboard alone, and nothing happens after Escape', async () => {
    const { notes } = deployment()
    orThrow(await notes.get(1))
    const page = await open('caches')
    await ask(page, 'Key, without the prefix', notes.key(1).text)
    await page.getByText('note:1: value').waitFor()
    const button = page.getByRole('button', { name: 'Invalidate' })
    await button.press('Enter')
    expect(await violationsOf(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.getByText('note:1: value').waitFor()
    await button.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText('invalidated the key').waitFor()
    await page.getByText('note:1: absent').waitFor()
  })

  test('Sessions are ended, and a limit is reset', async () => {
    const { limiter, sessions } = deployment()
    orThrow(await sessions.create({ userId: 6 }))
    for (let taken = 0; taken < 3; taken += 1) await limiter.take('ada')
    const page = await open('sessions')
    await page.getByLabel('User id').fill('6')
    await page.keyboard.press('Enter')
    await press(page, 'End', 'ended the session')
    await page.getByText('User 6 has no session.').waitFor()
    await page.getByLabel('Subject: a user or an address').fill('ada')
    await page.keyboard.press('Enter')
    await page.getByText('refused for').waitFor()
    await press(page, 'Reset', 'reset the limit')
    await page.getByText('3 of 3').waitFor()
  })

  test('A screen whose answer the page does not understand says so, and the others stay', async () => {
    const page = await open('overview')
    await page.route('**/api/outbox*', (route) =>
      route.fulfill({ json: { of: 'another version' } }),
    )
    try {
      const menu = page.getByRole('navigation')
      await menu.getByRole('link', { name: 'Outbox' }).click()
      await page.getByText('could not be shown').waitFor()
      expect(await violationsOf(page)).toEqual([])
      await menu.getByRole('link', { name: 'Members' }).click()
      await page.getByText('No process keeps values near.').waitFor()
      expect(await page.getByText('could not be shown').count()).toBe(0)
      await menu.getByRole('link', { name: 'Outbox' }).click()
      await page.unroute('**/api/outbox*')
      await page.getByRole('button', { name: 'Load the page anew' }).click()
      await page.getByText('64 shards').first().waitFor()
    } finally {
      await page.unrouteAll()
    }
  })

  test('The index is verified', async () => {
    const page = await open('search')
    await press(page, 'Verify', 'found the index in sync')
    await page.getByText('The index is in sync.').waitFor()
    await press(page, 'Plan a repair', 'planned to write 0 records and remove 0')
    await press(page, 'Measure anew', 'measured a floor of')
  })

  test('A course that drifted shows its fields, and is repaired once the plan was seen', async () => {
    const courseId = await misfile(deployment())
    const page = await open('search')
    await page.getByText('Courses in sync').waitFor()
    await ask(page, 'Course id', String(courseId))
    await page.getByText('synced', { exact: true }).waitFor()
    await press(page, 'Verify', 'found 1 difference')
    await page.getByText('Botany, renamed').waitFor()
    expect(await page.getByRole('button', { name: 'Repair', exact: true }).count()).toBe(0)
    await press(page, 'Plan a repair', 'planned to write 1 record and remove 0')
    await page.getByText('A repair would write 1 record and remove 0.').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await press(page, 'Repair', 'repaired 1 record')
    await page.getByText('Botany, renamed').waitFor({ state: 'detached' })
  })

  test('Who may only look finds nothing to act with', async () => {
    await deployment().bury('3')
    const page = await open('outbox', 'eve:read')
    await page.getByRole('button', { name: 'Show events' }).click()
    await page.getByText('"to": "string"').first().waitFor()
    const names = await page.getByRole('button').allTextContents()
    expect(names).toEqual(['Hide events'])
  })

  test('An action that fails says why', async () => {
    await deployment().bury('4')
    const page = await open('outbox')
    await page.getByText('for mail').first().waitFor()
    const { client } = deployment().stores.postgres
    await client.query('ALTER TABLE @schema.console_audit RENAME TO put_away')
    try {
      await press(page, 'Replay all', 'its table is missing')
    } finally {
      await client.query('ALTER TABLE @schema.put_away RENAME TO console_audit')
    }
  })

  test('A question stays open while its part is not up to date, and is answered after that', async () => {
    await deployment().delay('8')
    const page = await open('outbox')
    await page.getByRole('button', { name: 'Try all now' }).first().click()
    const dialog = page.getByRole('dialog')
    deployment().faults.postgres.hang()
    try {
      await page.getByText('Not up to date').nth(3).waitFor()
      await page.getByText('mailbox 7 is full').first().waitFor()
    } finally {
      deployment().faults.postgres.restore()
    }
    await page.getByText('Not up to date').first().waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: 'Try all now' }).click()
    await page.getByRole('status').getByText('to be tried now').waitFor()
  })
})

/** Presses a button, answers its question, and waits until the page says what was done. */
async function press(page: Page, label: string, said: string): Promise<void> {
  await page.getByRole('button', { name: label, exact: true }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: label, exact: true }).click()
  await page.getByRole('status').getByText(said).waitFor()
}

/** How far the page reaches beyond the width of its window. */
function overhangOf(page: Page): Promise<number> {
  return page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}

async function ask(page: Page, label: string, text: string): Promise<void> {
  await page.getByLabel(label).fill(text)
  await page.keyboard.press('Enter')
}

async function lookIntoKey(page: Page): Promise<void> {
  await ask(page, 'Key, without the prefix', 'note:1')
}

async function showLetters(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Show events' }).first().click()
}

async function trySearch(page: Page): Promise<void> {
  await ask(page, 'Query', 'algebra')
}

async function lookUpSubject(page: Page): Promise<void> {
  await ask(page, 'User id', '5')
  await ask(page, 'Subject: a user or an address', 'ada')
}

/** Gives every screen something to show. */
async function fill(deployment: Deployment): Promise<void> {
  const { handle, notes, search, sessions } = deployment
  orThrow(await sessions.create({ userId: 5 }))
  await Promise.all([teach(deployment), deployment.bury('1', '2'), deployment.delay('5', '6', '7')])
  await eventually(async () => {
    const { hits, mode } = orThrow(await search.search('algebra'))
    expect([hits.length, mode]).toEqual([1, 'hybrid'])
  })
  orThrow(await search.search('cartography'))
  for (let read = 0; read < 20; read += 1) orThrow(await notes.get(read % 4))
  const { act } = visitor(handle)
  expect((await act('caches/invalidate', { key: 'note:9' })).status).toBe(200)
}

/** Changes the title of a course that is in sync, by SQL that tells nobody. */
async function misfile({ repositories, search, stores }: Deployment): Promise<number> {
  const { courses, users } = repositories
  const bob = { email: 'bob@example.com', username: 'bob', passwordHash: 'x' }
  const { id: instructorId } = orThrow(await users.create(bob))
  const botany = { title: 'Botany', instructorId, price: '1.00' }
  const { id } = orThrow(await courses.create(botany))
  orThrow(await courses.publish(id))
  await eventually(async () => {
    expect(orThrow(await search.index.status(id)).state).toBe('synced')
    expect(orThrow(await search.index.verify()).isInSync).toBe(true)
  })
  const sql = "UPDATE @schema.courses SET title = 'Botany, renamed' WHERE id = $1"
  await stores.postgres.client.query(sql, [id])
  return id
}

/** A course that is published, viewed, and taken by one of its visitors. */
async function teach({ repositories }: Deployment): Promise<void> {
  const { activity, courses, enrollments, users } = repositories
  const ada = { email: 'ada@example.com', username: 'ada', passwordHash: 'x' }
  const { id: userId } = orThrow(await users.create(ada))
  const algebra = { title: 'Algebra for all', instructorId: userId, price: '1.00' }
  const { id: courseId } = orThrow(await courses.create(algebra))
  orThrow(await courses.publish(courseId))
  orThrow(await enrollments.enroll({ userId, courseId, payment: { method: 'invoice' } }))
  orThrow(activity.record({ userId, type: 'course.viewed', data: { courseId } }))
  for (const path of ['/', '/courses'])
    orThrow(activity.record({ userId, type: 'page.viewed', data: { path } }))
}
