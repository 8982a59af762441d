import { globSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { brokenBy, fencesOf, linksOf, namesOf, pages, read, root } from './markdown.ts'
import { hasTitle } from './titles.ts'

const maxWidth = 100
const everyPage = pages().map((page) => ({ page, markdown: read(page) }))

test('Every relative link of a page leads to a file and a heading that exist', () => {
  expect(everyPage.map(({ page }) => page)).toContain('docs/guarantees.md')
  const broken = everyPage.flatMap(({ page, markdown }) =>
    linksOf(markdown).flatMap((link) => brokenBy(page, link) ?? []),
  )
  expect(broken).toEqual([])
})

test('Every test that a page quotes by its title exists in the file that the quote links to', () => {
  const missing = everyPage.flatMap(({ page, markdown }) =>
    linksOf(markdown)
      .filter(({ text }) => /^".*"$/.test(text))
      .filter(({ text, target }) => {
        const source = read(path.join(path.dirname(page), target))
        return !hasTitle(source, text.slice(1, -1))
      })
      .map(({ text, target }) => `${page}: ${text} in ${target}`),
  )
  expect(missing).toEqual([])
})

test('Every name that a snippet imports from a package is exported by it', () => {
  const missing = everyPage.flatMap(({ page, markdown }) =>
    fencesOf(markdown, 'ts')
      .flatMap(importsOf)
      .filter(({ name, from }) => !exportsOf(from).includes(name))
      .map(({ name, from }) => `${page}: ${name} of ${from}`),
  )
  expect(missing).toEqual([])
})

test('Every camelCase name of a page occurs in the code, but for the changelog, which has history', () => {
  const words = new Set(sources().flatMap((file) => read(file).match(/\w+/g) ?? []))
  const unknown = everyPage
    .filter(({ page }) => page !== 'CHANGELOG.md')
    .flatMap(({ page, markdown }) =>
      namesOf(markdown)
        .filter((name) => !words.has(name))
        .map((name) => `${page}: ${name}`),
    )
  expect(unknown).toEqual([])
})

test('Every message of the troubleshooting guide stands in the code', () => {
  const texts = globSync('packages/*/src/**/*.ts', { cwd: root }).map(read)
  const rows = read('docs/guides/troubleshooting.md').matchAll(/^\| `([^`]+)`/gm)
  const messages = [...rows].map(([, message = '']) => message)
  expect(messages.length).toBeGreaterThan(20)
  const unknown = messages.filter(
    (message) => !texts.some((text) => partsOf(message).every((part) => text.includes(part))),
  )
  expect(unknown).toEqual([])
})

test(`Prose and snippets are at most ${maxWidth} columns wide`, () => {
  const wide = everyPage.flatMap(({ page, markdown }) =>
    markdown
      .split('\n')
      .filter((line) => line.length > maxWidth && !isTableRow(line) && !isOneLink(line))
      .map((line) => `${page}: ${line}`),
  )
  expect(wide).toEqual([])
})

test('A broken link, a wrong heading and a title that no test bears are found', () => {
  const page = 'docs/architecture.md'
  expect(linksOf('[a](./nowhere.md) and [b](#nothing), not [c](https://example.org)')).toEqual([
    { text: 'a', target: './nowhere.md' },
    { text: 'b', target: '#nothing' },
  ])
  expect(linksOf('[a][1], [b][2]\n\n[1]: nowhere.md')).toEqual([
    { text: 'a', target: 'nowhere.md' },
    { text: 'b', target: '2' },
  ])
  expect(brokenBy(page, { text: '', target: './nowhere.md' })).toContain('no such file')
  expect(brokenBy(page, { text: '', target: '#nothing' })).toContain('no such heading')
  expect(hasTitle(`it('one of %d is found', …)`, 'one of 3 is found')).toBe(true)
  expect(hasTitle(`it('one of %d is found', …)`, 'one is found')).toBe(false)
})

function sources(): readonly string[] {
  return globSync(
    '{packages,examples,benchmarks,load,drills,evaluations,tools,test/guides}/**/*.{ts,mjs,json}',
    {
      cwd: root,
      exclude: (name) => /(^|\/)(node_modules|dist)$/.test(name),
    },
  )
}

function isTableRow(line: string): boolean {
  return line.trimStart().startsWith('|')
}

/** A link cannot be broken; the line above it has been ended as soon as possible. */
function isOneLink(line: string): boolean {
  return /^\s*(- )?\S*\[[^\]]*\]\(\S+\)\S*$/.test(line)
}

function importsOf(code: string): readonly { name: string; from: string }[] {
  return [...code.matchAll(/import (?:type )?\{([^}]*)\} from '@headwater\/(\w+)'/g)].flatMap(
    ([, names = '', from = '']) =>
      names
        .split(',')
        .map((name) => name.trim().replace(/^type /, ''))
        .filter((name) => name !== '')
        .map((name) => ({ name, from })),
  )
}

function exportsOf(name: string): readonly string[] {
  const index = read(`packages/${name}/src/index.ts`)
  const listed = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(',').map((one) => one.trim()),
  )
  return index.includes("export type * from './errors.ts'")
    ? [...listed, ...namesDeclaredIn(`packages/${name}/src/errors.ts`)]
    : listed
}

function namesDeclaredIn(file: string): readonly string[] {
  return [...read(file).matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, one = '']) => one)
}

/** The parts of a message between the places where something differs. */
function partsOf(message: string): readonly string[] {
  return message.split('…').filter((part) => part.trim() !== '')
}
