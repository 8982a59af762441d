import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { conformance } from '@headwater-examples/conformance'
import { beforeAll, describe, expect, test } from 'vitest'
import { serve } from '../src/index.ts'
import { hasChromium, password, useBrowser } from './page-fixture.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// From the packages as they are built: what a bundler makes of them is what is tested here.
beforeAll(async () => {
  const env = { ...process.env, NODE_ENV: 'production' } as const
  await promisify(execFile)('pnpm', ['run', 'build'], { cwd: at('..'), env })
}, 900_000)

// First: Next.js keeps the address of its first server for what a server action redirects to.
describe.skipIf(!hasChromium)('the page', { timeout: 300_000 }, () => {
  const open = useBrowser(serve)

  const browsers = [
    ['with JavaScript', true],
    ['without JavaScript', false],
  ] as const

  test.each(browsers)('A visitor %s searches, signs in and enrolls', async (_name, isScripted) => {
    const { page, course, email } = await open(isScripted)
    const notice = page.getByRole('status')
    const card = page.getByRole('article', { name: course.title })
    await page.getByRole('searchbox', { name: 'Search the courses' }).fill(course.title)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: `Courses for “${course.title}”` }).waitFor()
    await card.getByText('12 seats left').waitFor()

    await card.getByRole('button', { name: 'Enroll' }).click()
    await notice.getByText('Sign in to enroll.').waitFor()
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill('a wild guess')
    await page.keyboard.press('Enter')
    await notice.getByText('The e-mail address or the password is wrong.').waitFor()
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill(password)
    await page.keyboard.press('Enter')
    await notice.getByText('You are signed in.').waitFor()

    await card.getByRole('button', { name: 'Enroll' }).click()
    await notice.getByText('You are enrolled.').waitFor()
    await card.getByText('11 seats left').waitFor()
    await card.getByRole('button', { name: 'Enrolled' }).press('Enter')
    await notice.getByText('You are enrolled already.').waitFor()
    await page.screenshot({ path: at('../../../.results/nextjs-page.png') })
    await page.close()
  })

  test('A notice takes the focus and moves nothing', async () => {
    const { page, course } = await open(true)
    const shifts = () =>
      page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            new PerformanceObserver((list) => {
              const all = list.getEntries() as (PerformanceEntry & { readonly value?: number })[]
              resolve(all.reduce((sum, { value = 0 }) => sum + value, 0))
            }).observe({ type: 'layout-shift', buffered: true })
            setTimeout(resolve, 500, 0)
          }),
      )
    const card = page.getByRole('article', { name: course.title })
    await card.getByRole('button', { name: 'Enroll' }).click()
    await page.getByRole('status').getByText('Sign in to enroll.').waitFor()
    await page.waitForFunction(() => document.activeElement?.id === 'notice')
    expect(await shifts()).toBe(0)
    await page.close()
  })
})

conformance({
  name: 'Next.js',
  serve,
  command: ['--conditions=headwater-source', at('../src/main.ts')],
})
