import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** How real brokers are started, or why there are none. */
export type BrokerEngines =
  | { readonly script: string; readonly env: Readonly<Record<string, string>> }
  | { readonly missing: string }

const checkout = fileURLToPath(new URL('..', import.meta.url))
const script = path.join(checkout, '../shared/engines/engines.sh')
const lock = path.join(tmpdir(), 'headwater-engines.lock')

/**
 * Sets up the folder of real servers beside the checkout, where there is one. The first time takes
 * minutes; several checkouts share what is set up, and wait for each other.
 */
export async function prepareBrokerEngines(say: (line: string) => void): Promise<BrokerEngines> {
  if (!existsSync(script)) return { missing: 'no shared/engines beside the checkout' }
  try {
    await promisify(execFile)('flock', ['--close', lock, 'bash', script, 'setup'])
    return { script, env: setOfCheckout() }
  } catch (error) {
    const missing = `shared/engines cannot be set up: ${lastLineOf(error)}`
    say(`brokers: ${missing}`)
    return { missing }
  }
}

const firstPort = 29_000
const portsPerSet = 50
const sets = 60

/** Servers that this checkout may kill: their data and ports are no other checkout's. */
function setOfCheckout(): Readonly<Record<string, string>> {
  const digest = createHash('sha256').update(checkout).digest()
  const port = firstPort + portsPerSet * (digest.readUInt32BE() % sets)
  return { ENGINES_SET: `-test-${digest.toString('hex').slice(0, 8)}`, ENGINES_PORT: String(port) }
}

function lastLineOf(error: unknown): string {
  const { stderr } = Object(error) as { readonly stderr?: unknown }
  const words = typeof stderr === 'string' && stderr.trim() !== '' ? stderr : String(error)
  return words.trim().split('\n').at(-1) ?? ''
}
