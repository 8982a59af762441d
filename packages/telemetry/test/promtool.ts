import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const engines = path.join(import.meta.dirname, '../../../../shared/engines/engines.sh')
// That of all who set up the folder of real servers.
const lock = path.join(tmpdir(), 'headwater-engines.lock')

/** The PATH on which promtool stands: the host's, or that of the folder of real servers. */
function findPath(): string | undefined {
  const own = process.env['PATH'] ?? ''
  const isIn = (PATH: string): boolean =>
    spawnSync('promtool', ['--version'], { env: { PATH } }).status === 0
  if (isIn(own)) return own
  if (!existsSync(engines)) return undefined
  const args = ['--close', lock, 'bash', engines, 'path', 'promtool']
  const { stdout } = spawnSync('flock', args, { encoding: 'utf8' })
  const found = `${stdout.trim()}${path.delimiter}${own}`
  return isIn(found) ? found : undefined
}

const PATH = findPath()

/** Prometheus' own judge of its formats, from Debian's package `prometheus`. */
export const hasPromtool = PATH !== undefined

// The workflow that publishes the packages installs it.
if (!hasPromtool && process.env['GITHUB_ACTIONS'] === 'true') throw new Error('promtool is missing')
if (!hasPromtool)
  process.stderr.write(
    '  promtool is missing (apt-get install prometheus): its checks are skipped\n',
  )

/** Runs promtool, and returns what it says against its input; empty when it is content. */
export function promtool(args: readonly string[], input = ''): string {
  const env = { ...process.env, PATH }
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8', env })
  return status === 0 && stderr === '' ? '' : `${stdout}${stderr}`
}
