import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { faultOf, reportsOf } from '../../tools/surface-report.mjs'

const declared = 'export declare function find(id: number): string;\n'
const changed = 'export declare function find(id: number, deep: boolean): string;\n'
const [before, after] = [surfaceOf(declared), surfaceOf(changed)]
const ofCore = { releases: [{ name: '@headwater/core', type: 'minor' }] }
const ofNothing = { releases: [] }

const accepted = [
  {
    surface: 'one that was released',
    current: before,
    recorded: before,
    released: before,
    changesets: [],
  },
  {
    surface: 'a change with a changeset',
    current: after,
    recorded: after,
    released: before,
    changesets: [ofCore],
  },
  {
    surface: 'what was never released, by the word of an empty changeset',
    current: after,
    recorded: after,
    released: new Map<string, string>(),
    changesets: [ofNothing],
  },
]

test.each(accepted)('A public surface is accepted that is $surface', ({ surface: _, ...sides }) => {
  expect(faultOf(sides)).toBeUndefined()
})

test('A new parameter that the reports do not state is refused, and the way out is named', () => {
  const fault = faultOf({ current: after, recorded: before, released: before, changesets: [] })
  expect(fault).toContain('node tools/api.mjs --update')
  expect(fault).toContain('- export function find(id: number): string;')
  expect(fault).toContain('+ export function find(id: number, deep: boolean): string;')
})

const unannounced = [
  { changesets: [], what: 'no changeset' },
  { changesets: [ofNothing], what: 'a changeset that names no package' },
  {
    changesets: [{ releases: [{ name: '@headwater/core', type: 'none' }] }],
    what: 'a changeset that releases nothing',
  },
]

test.each(unannounced)('A surface other than the released one is refused with $what', (row) => {
  const { changesets } = row
  const fault = faultOf({ current: after, recorded: after, released: before, changesets })
  expect(fault).toContain('pnpm exec changeset')
  expect(fault).toContain('+ export function find(id: number, deep: boolean): string;')
})

test('An entry that is gone is a change of the surface', () => {
  const none = new Map<string, string>()
  const fault = faultOf({ current: none, recorded: before, released: before, changesets: [ofCore] })
  expect(fault).toContain('- export function find(id: number): string;')
})

test('A type that is not exported, but stands in an exported one, belongs to the surface', () => {
  const hidden =
    'interface Row {\n  title: string;\n}\nexport declare const row: Row;\nexport {};\n'
  expect(surfaceOf(hidden).get('example.api.md')).toContain('title: string;')
})

function surfaceOf(declarations: string): Map<string, string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'headwater-surface-'))
  const types = path.join(folder, 'index.d.ts')
  const output = path.join(folder, 'reports')
  mkdirSync(path.join(output, 'temp'), { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'example', types }))
  writeFileSync(types, declarations)
  try {
    return reportsOf([{ name: 'example', folder, types }], output) as Map<string, string>
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
