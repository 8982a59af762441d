import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type Examination, Findings } from './check.ts'
import { satisfies } from './versions.ts'

interface Manifest {
  readonly version: string
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** The process that runs the command: Node.js, the packages, and the drivers that they find. */
export function processExamination(): Examination {
  const findings = new Findings()
  const { node } = process.versions
  if (satisfies(node, '>=22.12')) findings.ok('node', `Node.js ${node}`)
  else findings.fail('node', `Node.js ${node} is too old`, 'run Node.js 22.12 or later')
  const manifestPath = createRequire(import.meta.url).resolve('@headwater/core/package.json')
  const core = manifestAt(manifestPath)
  findings.ok('core', `@headwater/core ${core.version}`)
  for (const [name, range] of Object.entries(core.peerDependencies ?? {})) {
    const isOptional = core.peerDependenciesMeta?.[name]?.optional === true
    checkPeer({ name, range, isOptional, from: path.dirname(manifestPath) }, findings)
  }
  return { subject: 'process', status: 'up', version: node, checks: findings.checks }
}

interface Peer {
  readonly name: string
  readonly range: string
  readonly isOptional: boolean
  /** The folder that looks for it. */
  readonly from: string
}

function checkPeer({ name, range, isOptional, from }: Peer, findings: Findings): void {
  const file = findManifest(name, from)
  const fix = `npm install ${name}@${range}`
  if (file === undefined) {
    if (!isOptional) findings.fail('peers', `${name} is not installed`, fix)
    return
  }
  const { version } = manifestAt(file)
  if (satisfies(version, range)) findings.ok('peers', `${name} ${version}`)
  else findings.warn('peers', `${name} ${version} is not of ${range}`, fix)
}

/** The manifest as Node.js would find its package; packages need not export it. */
function findManifest(name: string, from: string): string | undefined {
  const file = path.join(from, 'node_modules', name, 'package.json')
  if (existsSync(file)) return file
  const above = path.dirname(from)
  return above === from ? undefined : findManifest(name, above)
}

function manifestAt(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}
