// node tools/release.mjs [--dry-run]: publishes every package that the registry lacks, as it is
// built, and writes its software bill of materials (CycloneDX) to .results/release.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { getReleasePlan } from '@changesets/get-release-plan'
import { bundled } from './bundled.mjs'
import { packages } from './packages.mjs'
import { run } from './run.mjs'

const root = path.join(import.meta.dirname, '..')
const output = path.join(root, '.results/release')
const isTrial = process.argv.includes('--dry-run')
/** A trial asks the registry for little, and does not need the answer. */
const trial = ['--dry-run', '--fetch-retries=0']

rmSync(output, { recursive: true, force: true })
mkdirSync(output, { recursive: true })
// Fails where a changeset names a package that does not exist, or the configuration is wrong.
await getReleasePlan(root)
for (const name of packages) await release(name)

async function release(name) {
  const folder = path.join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const tarball = path.join(output, `headwater-${name}-${manifest.version}.tgz`)
  await succeed('pnpm', ['pack', '--pack-destination', output], { cwd: folder })
  writeFileSync(path.join(output, `${name}.cdx.json`), await billOfMaterials(manifest))
  if (!isTrial && (await isPublished(manifest))) return
  // npm 11.5 or later identifies itself by the workflow's token and adds the provenance.
  const options = ['--access', 'public', ...(isTrial ? trial : [])]
  await succeed('npm', ['publish', tarball, ...options], { cwd: output })
  console.log(`${isTrial ? 'would publish' : 'published'} ${manifest.name} ${manifest.version}`)
}

/** What a package depends on and what its build contains. */
async function billOfMaterials({ name, devDependencies }) {
  const options = ['sbom', '--sbom-format', 'cyclonedx', '--prod']
  const bill = JSON.parse(await succeed('pnpm', ['--filter', name, ...options], { cwd: root }))
  const contained = bundled.filter((part) => part in devDependencies).map(componentOf(name))
  return JSON.stringify(
    { ...bill, components: [...(bill.components ?? []), ...contained] },
    null,
    2,
  )
}

function componentOf(name) {
  const modules = path.join(root, 'packages', name.split('/')[1], 'node_modules')
  return (part) => {
    const file = path.join(modules, part, 'package.json')
    const { version, license } = JSON.parse(readFileSync(file, 'utf8'))
    const purl = `pkg:npm/${part}@${version}`
    return {
      ...{ type: 'library', 'bom-ref': purl, purl, name: part, version },
      licenses: [{ license: { id: license } }],
    }
  }
}

async function isPublished({ name, version }) {
  const { code } = await run('npm', ['view', `${name}@${version}`, 'version'], { cwd: root })
  return code === 0
}

async function succeed(command, args, options) {
  const { code, output } = await run(command, args, options)
  if (code === 0) return output
  console.error(`${command} ${args.join(' ')} failed:\n${output}`)
  process.exit(1)
}
