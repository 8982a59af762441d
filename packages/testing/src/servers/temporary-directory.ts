import { chmod, chown, mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const enterableByOthers = 0o001

/** Creates a temporary directory for a server, owned by the user that the server runs as. */
export async function serverDirectory(
  name: string,
  user?: { uid: number; gid: number },
): Promise<string> {
  const dir = await mkdtemp(
    join(user ? await publicTemporaryDirectory() : tmpdir(), `headwater-${name}-`),
  )
  await chmod(dir, 0o700)
  if (user) await chown(dir, user.uid, user.gid)
  return dir
}

/**
 * Finds a temporary directory that every user may enter, even when this process has a private one.
 */
export async function publicTemporaryDirectory(): Promise<string> {
  for (const candidate of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await isReachableByOthers(candidate)) return candidate
  }
  throw new Error(
    `No temporary directory that other users may enter: ${tmpdir()}, /tmp and /var/tmp are closed to them`,
  )
}

/** Whether other users may enter a directory and all those above it. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (!found || (found.mode & enterableByOthers) === 0) return false
  const parent = dirname(path)
  return parent === path || isReachableByOthers(parent)
}
