import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasPromtool, promtool } from '../promtool.ts'

const folder = path.join(import.meta.dirname, '../..')
const rulesFile = path.join(folder, 'alerts/headwater.rules.yml')
const testsFile = path.join(import.meta.dirname, 'headwater.rules.test.yml')
const rules = readFileSync(rulesFile, 'utf8')
const alerts = [...rules.matchAll(/- alert: (\w+)\n(?:(?!- alert)[^])*/g)].map(
  ([text, name = '']) => ({ name, text, page: pageOf(text), expression: expressionOf(text) }),
)

describe.skipIf(!hasPromtool)('promtool', () => {
  test('Prometheus takes the rules', () => {
    expect(promtool(['check', 'rules', rulesFile])).toBe('')
  })

  test('Every alert fires when it should, and is silent when it should be', () => {
    expect(promtool(['test', 'rules', testsFile])).toBe('')
  })
})

test('There are alerts, and each has a case that fires and one that does not', () => {
  const cases = readFileSync(testsFile, 'utf8')
  expect(alerts.length).toBeGreaterThan(15)
  for (const { name } of alerts)
    expect([name, cases.includes(`${name} fires`), cases.includes(`${name} is silent`)]).toEqual([
      name,
      true,
      true,
    ])
})

test.each(alerts)(
  '$name has a severity, a summary and a runbook that says what to do',
  ({ text, page }) => {
    expect(text).toMatch(/severity: (critical|warning)\n/)
    expect(text).toMatch(/summary: ./)
    const runbook = path.join(folder, '../..', page)
    expect(existsSync(runbook) ? '' : `${page} is missing`).toBe('')
    const markdown = readFileSync(runbook, 'utf8')
    for (const heading of ['## What it means', '## How to see it', '## How to mend it'])
      expect(markdown).toContain(heading)
  },
)

test('Each runbook has the expressions of its alerts, word for word', () => {
  const shown = new Map<string, readonly string[]>()
  for (const { page, expression } of alerts)
    shown.set(page, [...(shown.get(page) ?? []), expression])
  expect(shown.size).toBeGreaterThan(15)
  for (const [page, expressions] of shown) {
    const markdown = readFileSync(path.join(folder, '../..', page), 'utf8')
    const [, seen = ''] = /## How to see it\n([^]*?)\n## /.exec(markdown) ?? []
    const blocks = [...seen.matchAll(/^```promql\n([^]*?)\n```$/gm)].map(([, block]) => block)
    expect([page, blocks]).toEqual([page, expressions])
  }
})

function pageOf(alert: string): string {
  return /runbook_url: \S+\/main\/(docs\/runbooks\/[\w-]+\.md)/.exec(alert)?.[1] ?? ''
}

/** The expression as Prometheus reads it, without the indentation of the file. */
function expressionOf(alert: string): string {
  const [, lines = ''] = /expr: \|-\n((?: {10}.*\n)+)/.exec(alert) ?? []
  return lines.replaceAll(/^ {10}/gm, '').trimEnd()
}
