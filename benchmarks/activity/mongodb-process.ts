import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { startMongodbStandIn } from '@headwater/testing'

/** A MongoDB server in a process of its own. */
export interface MongodbProcess {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Connects to the server of `HEADWATER_MONGODB_URL`, or starts a stand-in in a process of its own,
 * so that the server's cost does not count as the client's.
 */
export async function startMongodbProcess(): Promise<MongodbProcess> {
  const given = process.env['HEADWATER_MONGODB_URL']
  if (given !== undefined) return { url: given, stop: async () => undefined }
  const child = fork(new URL(import.meta.url), {
    execArgv: ['--conditions=headwater-source'],
    env: { ...process.env, HEADWATER_SERVE_MONGODB: '1' },
  })
  const [url] = (await once(child, 'message')) as [string]
  return { url, stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

if (process.env['HEADWATER_SERVE_MONGODB'] === '1' && process.send !== undefined) {
  const { url } = await startMongodbStandIn()
  process.send(url)
  process.once('disconnect', () => process.exit())
}
