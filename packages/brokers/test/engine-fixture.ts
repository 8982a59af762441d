import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { eventually } from '@headwater/testing'

const engines = inject('engines')

/** Whether real brokers can be had. */
export const hasEngines = 'script' in engines

/** Why tests on real brokers are skipped, for their title. */
export const withEngines = 'missing' in engines ? ` (skipped: ${engines.missing})` : ''

/** A real broker, in a set of this checkout, that tests may kill. */
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
  if ('missing' in engines) throw new Error(engines.missing)
  const { script, env } = engines
  const { stdout } = await promisify(execFile)('bash', [script, ...args], {
    env: { ...process.env, ...env },
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
