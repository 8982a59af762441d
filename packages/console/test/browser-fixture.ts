import { existsSync, mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import axe, { type RunOnly } from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { nodeListener } from '../src/index.ts'
import { host, type Deployment } from './console-fixture.ts'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

const hasChromium = existsSync(executablePath)
if (!hasChromium)
  process.stderr.write(
    '  The console is not tested in a browser: there is no Chromium (apt-get install chromium)\n',
  )

/** Whether there is a client to test. */
export const isBuilt = existsSync(new URL('../client/dist/console.js', import.meta.url))
if (!isBuilt)
  process.stderr.write(
    '  The client of the console is not tested: pnpm --filter @headwater/console run build\n',
  )

/** Whether there are both, a browser and a client. */
export const canBrowse = hasChromium && isBuilt

/** Opens the console of a deployment at a screen, for an operator. */
export type OpenPage = (screen: string, who?: string) => Promise<Page>

/** Pages of a browser: none of them may ask another server or break its policy. */
export function useBrowser(deployment: () => Deployment): OpenPage {
  let browser: Browser
  let server: Server
  const complaints: string[] = []
  const pages = new Map<string, Promise<Page>>()
  beforeAll(async () => {
    const listener = nodeListener((request) => deployment().handle(request))
    server = createServer((request, response) => void listener(request, response))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const rules = `MAP ${host} 127.0.0.1:${port}`
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', `--host-resolver-rules=${rules}`],
    })
  })
  afterEach(async () => {
    for (const page of pages.values()) await (await page).goto('about:blank')
    expect(complaints.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await browser.close()
    server.closeAllConnections()
    server.close()
  })
  const newPage = async (who: string) => {
    const context = await browser.newContext({ extraHTTPHeaders: { 'x-who': who } })
    const page = await context.newPage()
    page.setDefaultTimeout(60_000)
    listen(page, complaints)
    await page.addInitScript({ content: axe.source })
    return page
  }
  // One process of the browser for each operator: to begin one takes longer than most tests.
  const pageOf = (who: string) => {
    const page = pages.get(who) ?? newPage(who)
    pages.set(who, page)
    return page
  }
  return async (screen, who = 'grace:operate') => {
    const page = await pageOf(who)
    await page.setViewportSize({ width: 1_100, height: 700 })
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto(`http://${host}/ops/console/#${screen}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    return page
  }
}

/** Errors of scripts, refusals by the policy, and requests to another server. */
function listen(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const isOutage = /Failed to load resource/.test(message.text())
    if (message.type() === 'error' && !isOutage) complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (request.url() === 'about:blank') return
    if (new URL(request.url()).host !== host && !request.url().startsWith('data:'))
      complaints.push(`asked ${request.url()}`)
  })
}

/**
 * The rules of accessibility that a page breaks, each with the first element that does; all of
 * them, or some.
 */
export async function violationsOf(page: Page, some?: RunOnly): Promise<readonly string[]> {
  const options = some === undefined ? {} : { runOnly: some }
  const { violations } = await page.evaluate(
    (rules) => (globalThis as unknown as { readonly axe: typeof axe }).axe.run(rules),
    options,
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
}

const pictures = path.join(import.meta.dirname, '../../../.results/console')

/** Keeps a picture of the page for the guide, where the environment asks for pictures. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (process.env['HEADWATER_PICTURES'] === undefined) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true })
}
