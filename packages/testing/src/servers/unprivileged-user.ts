import { readFile } from 'node:fs/promises'

/**
 * The user for a server that refuses to run as root: `nobody` when this process is root, otherwise
 * `undefined`, the process's own user.
 */
export async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const entry = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((line) => line.startsWith('nobody:'))
  const [, , uid, gid] = entry?.split(':') ?? []
  if (!uid || !gid)
    throw new Error(
      'PostgreSQL does not run as root, and /etc/passwd has no user nobody to run it as',
    )
  return { uid: Number(uid), gid: Number(gid) }
}
