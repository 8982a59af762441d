import { existsSync } from 'node:fs'
import { password, usePlatform } from '@headwater-examples/conformance'
import type { Serve } from '@headwater-examples/elearning'
import type { Course } from '@headwater/repositories'
import type { SearchResult } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Whether there is a browser. */
export const hasChromium = existsSync(executablePath)
if (!hasChromium)
  process.stderr.write(
    '  The page is not tested: there is no Chromium (apt-get install chromium)\n',
  )

/** A visitor with a browser, a course to be found, and an account. */
export interface Stage {
  readonly page: Page
  readonly course: Course
  readonly email: string
}

/** Opens a browser and a platform for the tests of the enclosing `describe`. */
export function useBrowser(serve: Serve): (javaScriptEnabled: boolean) => Promise<Stage> {
  const api = usePlatform(serve)
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())
  return async (javaScriptEnabled) => {
    const { user, visitor } = await api().member()
    const title = `Playing the guitar with ${user.username}`
    const course = await api().course({ title, category: 'Music', maxStudents: 12 })
    await eventually(
      async () => {
        const { body } = await visitor.get<SearchResult>('/search?q=guitar')
        return body.hits.some((hit) => hit.course.id === course.id)
      },
      { timeoutMs: 60_000 },
    )
    const page = await browser.newPage({ javaScriptEnabled })
    page.setDefaultTimeout(120_000)
    await page.goto(new URL('/', api().url).href)
    return { page, course, email: user.email }
  }
}

export { password }
