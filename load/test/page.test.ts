import { existsSync } from 'node:fs'
import { chromium, type Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { flowNames } from '../flows/flow.ts'
import { lineChart } from '../output/page/line-chart.ts'
import { pageOf } from '../output/page/page.ts'
import { syntheticReport } from './synthetic-load.ts'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const hasChromium = existsSync(executablePath)
if (!hasChromium)
  process.stderr.write(
    '  The report is not shown in a browser: there is no Chromium (apt-get install chromium)\n',
  )

const steps = [
  syntheticReport({ rate: 100 }),
  syntheticReport({ rate: 400, latencyMs: 300 }),
  syntheticReport({ rate: 200, latencyMs: 9 }),
]
const report = syntheticReport({ hasFault: true })
const html = pageOf({ report, knee: { rate: 200, steps } })

test('The page is one file that asks for nothing and runs nothing', () => {
  expect(html).toMatch(/^<!doctype html>/)
  expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import|https?:/)
})

test('Every tag of the page is closed in its order', () => {
  const open: string[] = []
  for (const [, end, name = '', , selfClosed] of html.matchAll(
    /<(\/?)([a-z]\w*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/g,
  )) {
    if (name === 'meta' || name === 'br' || selfClosed === '/') continue
    if (end === '/') expect(open.pop()).toBe(name)
    else open.push(name)
  }
  expect(open).toEqual([])
})

test('The page has a chart of each figure, with units, a line for each flow and each fault', () => {
  const figures = html.match(/<figure>[^]*?<\/figure>/g) ?? []
  const titles = figures.map((figure) => /<figcaption>(.*?)<\/figcaption>/.exec(figure)?.[1])
  expect(titles).toEqual([
    'Latency by rate, 99th percentile',
    'Median latency',
    'Latency, 99th percentile',
    'Throughput',
    'Errors',
  ])
  for (const figure of figures.slice(0, 3)) {
    for (const flow of flowNames) expect(figure).toContain(`<title>${flow}</title><path d="M`)
    expect(figure).toMatch(/>p\d\d, milliseconds</)
  }
  for (const figure of figures.slice(1)) {
    expect(figure).toContain('time since the load began, seconds')
    expect(figure).toMatch(/class="band"><title>redis-hung<\/title><rect/)
  }
  for (const figure of figures.slice(3)) expect(figure).toContain('>requests per second<')
})

test('No place of a chart is not a number, also without a value', () => {
  const empty = lineChart({
    title: 'none <&">',
    x: { title: 'x', from: 0, to: 1 },
    y: { title: 'y', of: 'times' },
    series: [{ name: 'none', points: [[0, null]] }],
  })
  expect(empty).toContain('none &lt;&amp;&quot;&gt;')
  for (const drawn of [empty, html, pageOf({ report: syntheticReport({ lagMs: 99 }) })])
    expect(drawn).not.toMatch(/NaN|Infinity|undefined|\[object/)
})

test('A line has a gap where nothing was measured', () => {
  const drawn = lineChart({
    title: 'gap',
    x: { title: 'x', from: 0, to: 4 },
    y: { title: 'y', of: 'amounts' },
    series: [
      {
        name: 'one',
        points: [
          [0, 1],
          [1, 2],
          [2, null],
          [3, 2],
          [4, 1],
        ],
      },
    ],
  })
  expect(/<title>one<\/title><path d="(.*?)"/.exec(drawn)?.[1]?.match(/M/g)).toHaveLength(2)
})

describe.runIf(hasChromium)('in a browser', () => {
  /** Shows the page and returns what is seen on it. */
  async function inBrowser<T>(
    colorScheme: 'light' | 'dark',
    look: (page: Page) => Promise<T>,
  ): Promise<T> {
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage({ colorScheme })
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.setContent(html)
      const seen = await look(page)
      expect(asked).toEqual([])
      return seen
    } finally {
      await browser.close()
    }
  }

  test('The page is readable in light and in dark', async () => {
    const colors = (page: Page) =>
      page.evaluate<[string, string]>(
        '(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))',
      )
    const light = await inBrowser('light', colors)
    const dark = await inBrowser('dark', colors)
    for (const [ink, paper] of [light, dark]) expect(contrast(ink, paper)).toBeGreaterThan(7)
    expect(luminance(light[1])).toBeGreaterThan(luminance(dark[1]))
  })

  test('Every line, label and band of a chart lies within its picture', async () => {
    const outside = await inBrowser('light', (page) =>
      page.evaluate<string[]>(`[...document.querySelectorAll('figure > svg')].flatMap((svg) => {
        const frame = svg.getBoundingClientRect()
        return [...svg.querySelectorAll('text, path, rect, circle')].flatMap((shape) => {
          const { left, right, top, bottom } = shape.getBoundingClientRect()
          const isInside = left >= frame.left - 1 && right <= frame.right + 1 &&
            top >= frame.top - 1 && bottom <= frame.bottom + 1
          return isInside ? [] : [shape.outerHTML.slice(0, 200)]
        })
      })`),
    )
    expect(outside).toEqual([])
  })
})

/** The contrast of two colours, as the Web Content Accessibility Guidelines define it. */
function contrast(one: string, other: string): number {
  const [bright, faint] = [luminance(one), luminance(other)].toSorted((a, b) => b - a)
  return (bright! + 0.05) / (faint! + 0.05)
}

function luminance(color: string): number {
  const [red, green, blue] = (color.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}
