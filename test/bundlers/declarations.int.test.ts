import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { entries, valuesOf } from '../../tools/surface.mjs'

/** What only the packages themselves import from one another, which no declaration names. */
const internals = new Map([
  [
    '@headwater/core',
    [
      'connectUnready',
      'credentialRule',
      'findRefusal',
      'languageTag',
      'money',
      'once',
      'oneOrMore',
      'option',
      'rowId',
      'storableText',
      'strictOptions',
      'tlsRule',
    ],
  ],
])
const all = entries()
const declared = new Map<string, string[]>()

beforeAll(() => {
  const values = valuesOf(all.map(({ esm }) => esm.types)) as string[][]
  all.forEach(({ specifier }, index) => declared.set(specifier, values[index] ?? []))
})

test.each(all)(
  'All values that $specifier declares exist at run time, and no others',
  ({ specifier, esm, cjs }) => {
    const expected = [...(declared.get(specifier) ?? []), ...(internals.get(specifier) ?? [])]
    expect(namesAtRunTime(`import(${JSON.stringify(esm.code)})`)).toEqual(expected.toSorted())
    // Vitest, which the contracts are written for, refuses to be required.
    if (specifier.endsWith('/contracts')) return
    expect(namesAtRunTime(`require(${JSON.stringify(cjs.code)})`)).toEqual(expected.toSorted())
  },
  300_000,
)

test.each(all)('The declarations of $specifier are the same for both module systems', (entry) => {
  const ofCjs = readFileSync(entry.cjs.types, 'utf8')
  // What several entries share is in a file of its own, for either system.
  const shared = ofCjs.replaceAll(/(from '\.[^']+)\.cjs'/g, "$1.js'")
  expect(shared).toBe(readFileSync(entry.esm.types, 'utf8'))
})

test.each(all)('The declarations of $specifier name no type of a package it contains', (entry) => {
  expect(readFileSync(entry.esm.types, 'utf8')).not.toMatch(/from '(zod|cockatiel)|\bz\.Zod/)
})

function namesAtRunTime(loaded: string): string[] {
  const script = `Promise.resolve(${loaded}).then((it) => console.log(JSON.stringify(Object.keys(it))))`
  const names = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  return (JSON.parse(names) as string[]).toSorted()
}
