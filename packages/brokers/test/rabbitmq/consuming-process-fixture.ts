import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ConnectOptions } from '@headwater/core'

/** What a process consumes, and where it writes. */
export interface Assignment {
  readonly url: string
  readonly queue: string
  readonly options: ConnectOptions
}

const script = new URL('./consuming-process.ts', import.meta.url)

/** Starts a process that consumes, and that the course `poison` ends. */
export async function startConsuming(
  assignment: Assignment,
): Promise<{ readonly ended: Promise<'ended'>; stop(): Promise<unknown> }> {
  const child = fork(script, {
    execArgv: ['--conditions=headwater-source', '--disable-warning=ExperimentalWarning'],
  })
  const ended = once(child, 'exit').then(() => 'ended' as const)
  child.send(assignment)
  return {
    ended,
    stop: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}
