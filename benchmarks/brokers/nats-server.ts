import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const script = fileURLToPath(new URL('../../../shared/engines/engines.sh', import.meta.url))

/** A NATS server with JetStream. */
export interface NatsServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * The server at `HEADWATER_NATS_URL`, otherwise one that `shared/engines` beside the checkout
 * starts.
 *
 * @throws Error when there is neither.
 */
export async function startNats(): Promise<NatsServer> {
  const url = process.env['HEADWATER_NATS_URL']
  if (url !== undefined) return { url, stop: async () => undefined }
  if (!existsSync(script)) throw new Error('no NATS: set HEADWATER_NATS_URL to one with JetStream')
  return { url: await engine('start'), stop: async () => void (await engine('stop')) }
}

async function engine(command: 'start' | 'stop'): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', [script, command, 'nats'], {
    env: { ...process.env, ENGINES_SET: '-bench', ENGINES_PORT: '28600' },
  })
  return stdout.trim()
}
