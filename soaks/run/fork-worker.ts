import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Starts a worker of a soak from its sources; it compiles from a cache that all workers share. */
export function forkWorker(script: URL): ChildProcess {
  return fork(script, {
    execArgv: ['--conditions=headwater-source', '--disable-warning=ExperimentalWarning'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

/** Sends a message to a worker; one that dies at this moment misses it, and its exit tells. */
export function tell(worker: ChildProcess, message: Serializable): void {
  worker.send(message, () => undefined)
}
