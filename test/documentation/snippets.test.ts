import { globSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fencesOf, read, root } from './markdown.ts'

const guides = [
  'hosts',
  'caching',
  'outbox',
  'search',
  'testing',
  'brokers',
  'command-line',
  'console',
]
const adapters = globSync('packages/core/test/orm/adapters/*.ts', { cwd: root })

test.each(guides)('Every snippet of the guide "%s" is part of a program that compiles', (name) => {
  const programs = [`test/guides/programs/${name}.ts`, ...adapters].map((file) =>
    oneLine(read(file)),
  )
  const snippets = fencesOf(read(`docs/guides/${name}.md`), 'ts').map(oneLine)
  expect(snippets.length).toBeGreaterThan(0)
  expect(snippets.filter((one) => !programs.some((program) => program.includes(one)))).toEqual([])
})

/** Code without its indentation, which a function around it makes deeper. */
function oneLine(code: string): string {
  return code.replace(/\s+/g, ' ').trim()
}
