import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOnPath } from './find-on-path.ts'
import { MissingServerError } from './missing-server-error.ts'

/** The facts that decide how `redis-server` is obtained. */
export interface RedisBinaryFacts {
  hasBinary: boolean
  isRoot: boolean
  /** Whether `apt-get` is on the PATH. */
  hasApt: boolean
  platform: NodeJS.Platform
}

/** Use the installed server, install one, or report the command that installs it. */
export type RedisBinaryPlan = { do: 'use' } | { do: 'install' } | { do: 'refuse'; command: string }

/**
 * Decides how `redis-server` is obtained. It is installed only when that needs no further rights,
 * and never with sudo.
 */
export function planRedisBinary({
  hasBinary,
  isRoot,
  hasApt,
  platform,
}: RedisBinaryFacts): RedisBinaryPlan {
  if (hasBinary) return { do: 'use' }
  if (hasApt)
    return isRoot ? { do: 'install' } : { do: 'refuse', command: `sudo sh -c '${aptCommand}'` }
  return {
    do: 'refuse',
    command:
      platform === 'darwin'
        ? 'brew install redis'
        : 'docker run --rm -p 127.0.0.1:6379:6379 redis:8',
  }
}

/**
 * The path of `redis-server`, installed with apt if it is missing and this process may do so.
 *
 * @throws MissingServerError whose message is the command that installs it.
 */
export async function ensureRedisBinary(onProgress: (line: string) => void): Promise<string> {
  const [found, apt] = await Promise.all([findOnPath('redis-server'), findOnPath('apt-get')])
  const plan = planRedisBinary({
    hasBinary: found !== undefined,
    isRoot: process.getuid?.() === 0,
    hasApt: apt !== undefined,
    platform: process.platform,
  })
  if (plan.do === 'refuse') throw new MissingServerError('redis-server', plan.command)
  if (plan.do === 'install') await installWithApt(onProgress)
  return found ?? (await findOnPath('redis-server')) ?? 'redis-server'
}

const aptCommand = 'apt-get update && apt-get install -y --no-install-recommends redis-server'

// One process at a time: the others wait, and then find it installed. Nothing that apt starts may
// keep the lock, hence 9>&-. A policy-rc.d that answers 101 keeps the package from starting a
// service of its own; another's policy is left as it is.
const installScript = `
set -e
exec 9>/tmp/headwater-apt.lock
flock 9
command -v redis-server && exit 0
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > $policy
  chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
{ ${aptCommand}; } 9>&-
`

async function installWithApt(onProgress: (line: string) => void): Promise<void> {
  onProgress(`redis-server is not installed: ${aptCommand}`)
  const dir = await mkdtemp(join(tmpdir(), 'headwater-apt-'))
  const log = join(dir, 'log')
  try {
    const code = await runLocked(log)
    if (code !== 0)
      throw new Error(`${aptCommand} failed (exit code ${code}):\n${await lastLines(log)}`)
    onProgress('redis-server is installed')
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

// Detached and writing to a file: an installation that loses its terminal or its parent midway
// would leave dpkg half configured.
async function runLocked(log: string): Promise<number | null> {
  const output = await open(log, 'w')
  try {
    const child = spawn('sh', ['-c', installScript], {
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      cwd: '/',
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    return code
  } finally {
    await output.close()
  }
}

async function lastLines(log: string): Promise<string> {
  return (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-15).join('\n')
}
