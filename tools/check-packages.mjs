import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { packages } from './packages.mjs'
import { run } from './run.mjs'

const root = path.join(import.meta.dirname, '..')

/**
 * Packs every package as it would be published, checks each tarball, then installs them into a
 * project of their own and compiles and runs an ES module and a CommonJS consumer against them.
 */
export async function checkPackages() {
  const directory = mkdtempSync(path.join(tmpdir(), 'headwater-consumer-'))
  try {
    for (const step of [packAll, checkTarballs, consume]) {
      const result = await step(directory)
      if (result.code !== 0) return result
    }
    return { code: 0, output: '' }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function packAll(directory) {
  return firstFailure(packages, (name) =>
    run('pnpm', ['pack', '--pack-destination', directory], {
      cwd: path.join(root, 'packages', name),
    }),
  )
}

async function checkTarballs(directory) {
  return firstFailure(tarballs(directory), async (tarball) => {
    const published = await run('pnpm', ['exec', 'publint', '--strict', tarball])
    if (published.code !== 0) return published
    return run('pnpm', ['exec', 'attw', tarball, '--profile', 'node16'])
  })
}

async function consume(directory) {
  const consumer = path.join(directory, 'consumer')
  cpSync(path.join(import.meta.dirname, 'consumer'), consumer, { recursive: true })
  writeFileSync(
    path.join(consumer, 'package.json'),
    JSON.stringify(consumerManifest(directory), null, 2),
  )
  writeFileSync(path.join(consumer, 'pnpm-workspace.yaml'), consumerWorkspace(directory))
  const installed = await run('pnpm', ['install', '--prefer-offline', '--no-frozen-lockfile'], {
    cwd: consumer,
  })
  if (installed.code !== 0) return installed
  return firstFailure(
    [
      ['exec', 'tsc', '-p', 'tsconfig.node16.json'],
      ['exec', 'tsc', '-p', 'tsconfig.nodenext.json'],
      ['exec', 'node', 'consumer.mjs'],
      ['exec', 'node', 'consumer.cjs'],
    ],
    (args) => run('pnpm', args, { cwd: consumer }),
  )
}

function consumerManifest(directory) {
  const workspace = readFileSync(path.join(root, 'pnpm-workspace.yaml'), 'utf8')
  const version = (name) => new RegExp(`^  '?${name}'?: (.*)$`, 'm').exec(workspace)?.[1]
  const drivers = [
    'pg',
    '@redis/client',
    'mongodb',
    'openai',
    '@pinecone-database/pinecone',
    'typescript',
  ]
  return {
    name: 'consumer',
    private: true,
    dependencies: {
      ...Object.fromEntries(
        packages.map((name) => [`@headwater/${name}`, tarballOf(directory, name)]),
      ),
      ...Object.fromEntries(drivers.map((name) => [name, version(name)])),
      '@types/node': '^24.0.0',
      '@types/pg': '^8.23.1',
    },
  }
}

// The tarballs depend on one another by version; none is in the registry while it is being checked.
function consumerWorkspace(directory) {
  const overrides = packages.map((name) => `  '@headwater/${name}': ${tarballOf(directory, name)}`)
  const workspace = readFileSync(path.join(root, 'pnpm-workspace.yaml'), 'utf8')
  return `pmOnFail: ignore\noverrides:\n${overrides.join('\n')}\n${workspace.slice(workspace.indexOf('allowBuilds:'))}`
}

const tarballs = (directory) =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => path.join(directory, file))
const tarballOf = (directory, name) =>
  `file:${tarballs(directory).find((file) => path.basename(file).startsWith(`headwater-${name}-`))}`

async function firstFailure(items, check) {
  for (const item of items) {
    const result = await check(item)
    if (result.code !== 0) return result
  }
  return { code: 0, output: '' }
}
