import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { eventually } from '@headwater/testing'

const script = fileURLToPath(new URL('../../../../shared/engines/engines.sh', import.meta.url))

/** Whether real brokers can be had: the folder with their script lies beside the checkout. */
export const hasEngines = existsSync(script)

/** Why tests on real brokers are skipped, for their title. */
export const withEngines = hasEngines ? '' : ' (skipped: no shared/engines beside the checkout)'

/** A real broker, in a set of its own, that tests may kill. */
export class Engine {
  readonly name: 'nats' | 'rabbitmq'
  #url = ''

  constructor(name: 'nats' | 'rabbitmq') {
    this.name = name
  }

  get url(): string {
    return this.#url
  }

  async start(): Promise<void> {
    this.#url = await run('start', this.name)
  }

  /** Ends the server as a crash does. */
  async kill(): Promise<void> {
    const pid = Number(await run('pid', this.name))
    process.kill(pid, 'SIGKILL')
    await eventually(() => !isAlive(pid))
  }

  async stop(): Promise<void> {
    await run('stop', this.name)
  }
}

async function run(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', [script, ...args], {
    env: { ...process.env, ENGINES_SET: '-brokers', ENGINES_PORT: '28400' },
  })
  return stdout.trim()
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
