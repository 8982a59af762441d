import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a command to its end and returns its exit code and what it printed. With `inherit` it prints
 * as it goes; after `timeoutMs` it is killed.
 */
export async function run(command, args, { env = {}, cwd, inherit = false, timeoutMs } = {}) {
  const child = spawn(command, args, {
    cwd,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...env },
    stdio: inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  })
  endWithParent(child)
  const output = []
  child.stdout?.on('data', (chunk) => output.push(chunk))
  child.stderr?.on('data', (chunk) => output.push(chunk))
  const [code, signal] = await once(child, 'close')
  return { code: signal === null ? code : 1, output: Buffer.concat(output).toString() }
}

/**
 * Runs a script of the workspace from its sources, with this process's arguments, and exits as it
 * exits.
 */
export async function runFromSource(script, args, nodeOptions = []) {
  const command = ['--conditions=headwater-source', ...nodeOptions, script, ...args]
  const child = spawn(process.execPath, command, { stdio: 'inherit' })
  endWithParent(child)
  const [code, signal] = await once(child, 'exit')
  process.exit(signal === null ? code : 1)
}

/**
 * Installs what the lockfile says. Prints to stderr, so that stdout belongs to the command itself.
 */
export async function install() {
  const child = spawn('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  endWithParent(child)
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exit(code ?? 1)
}

function endWithParent(child) {
  const forward = (signal) => child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, forward)
  child.once('exit', () => {
    for (const signal of signals) process.off(signal, forward)
  })
}
