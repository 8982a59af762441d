// node tools/api.mjs [--update | --released]: fails where api/ does not state the public surface
// of the built packages, or where that has changed since the last release without a changeset.
// `--update` writes api/ anew; `--released` keeps it as the surface of the release.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { getReleasePlan } from '@changesets/get-release-plan'
import { faultOf, reportsOf } from './surface-report.mjs'
import { entries } from './surface.mjs'

const root = path.join(import.meta.dirname, '..')
const recorded = path.join(root, 'api')
const released = path.join(recorded, 'released')

const [mode] = process.argv.slice(2)
const current = currentReports()
if (mode === '--update') write(current, recorded)
if (mode === '--released') write(read(recorded), released)

const { changesets } = await getReleasePlan(root)
const fault = faultOf({ current, recorded: read(recorded), released: read(released), changesets })
if (fault !== undefined) {
  console.error(fault)
  process.exitCode = 1
}

function currentReports() {
  const output = path.join(root, '.results/api')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(path.join(output, 'temp'), { recursive: true })
  const built = entries().map(({ specifier, esm }) => ({
    name: specifier.replace('@headwater/', '').replaceAll('/', '-'),
    folder: path.join(root, 'packages', specifier.split('/')[1]),
    types: esm.types,
  }))
  return reportsOf(built, output)
}

function read(folder) {
  const names = globSync('*.api.md', { cwd: folder }).sort()
  return new Map(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
}

function write(reports, folder) {
  for (const name of read(folder).keys()) rmSync(path.join(folder, name))
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of reports) writeFileSync(path.join(folder, name), text)
}
