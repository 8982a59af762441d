// Run in the folder of a package after its build: makes its declarations hold for a project that
// has none of the optional packages, and adds the licences of what the build contains.
import { existsSync, globSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { bundled } from './bundled.mjs'

const { devDependencies, peerDependenciesMeta = {} } = JSON.parse(readFileSync('package.json'))
const optional = Object.keys(peerDependenciesMeta)

for (const file of globSync('dist/**/*.d.{ts,cts}')) {
  const code = file.replace(/\.d\.c?ts$/, '.js')
  const lines = readFileSync(file, 'utf8').split('\n').filter(isForCallers).flatMap(withoutPackage)
  // Declarations that several entries share are no entry, and have no code of their own.
  const values = existsSync(code) ? exportsOf(code) : undefined
  const finished = values ? lines.flatMap((line) => typesAsTypes(line, values)) : lines
  writeFileSync(file, finished.join('\n'))
}
const contained = bundled.filter((name) => name in devDependencies)
if (contained.length > 0)
  writeFileSync('dist/THIRD-PARTY.txt', contained.map(licenceOf).join('\n\n'))

/** Schemas inside tables of options are of no use to a caller, and name the types of zod. */
function isForCallers(line) {
  return !/^\s+readonly rule: |^import .* from 'zod/.test(line)
}

/** Types of a package that is not installed become `any` instead of an error. */
function withoutPackage(line) {
  const [, name] = /^import .* from '(.+)';$/.exec(line) ?? []
  return optional.includes(name) ? ['// @ts-ignore: an optional package', line] : [line]
}

/**
 * A class of which only the type is exported is said to be one: the bundler of declarations writes
 * `export { Ok }` for `export type { Ok }`.
 */
function typesAsTypes(line, values) {
  const [, names, from = ''] = /^export \{ (.+) \}( from .+)?;$/.exec(line) ?? []
  if (names === undefined) return [line]
  const { value = [], type = [] } = Object.groupBy(names.split(', '), (name) =>
    values.has(name.split(' as ').at(-1)) ? 'value' : 'type',
  )
  return [
    ...(value.length > 0 ? [`export { ${value.join(', ')} }${from};`] : []),
    ...(type.length > 0 ? [`export type { ${type.join(', ')} }${from};`] : []),
  ]
}

/** Names that a built module exports. */
function exportsOf(file) {
  const [, names] = /export\s*\{([^}]*)\}(?![\s\S]*export\s*\{)/.exec(readFileSync(file, 'utf8'))
  return new Set(names.split(',').map((name) => name.trim().split(' as ').at(-1)))
}

function licenceOf(name) {
  const folder = realpathSync(path.join('node_modules', name))
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json')))
  const file = ['LICENSE', 'LICENSE.md'].map((name) => path.join(folder, name)).find(existsSync)
  return `${name} ${version} is part of this build.\n\n${readFileSync(file, 'utf8')}`
}
