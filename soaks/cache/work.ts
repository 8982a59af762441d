import { flushCompileCache } from 'node:module'
import type { SubjectName, SubjectUrls } from './subject.ts'

/** The assignment of a worker. */
export interface Assignment extends SubjectUrls {
  readonly subject: SubjectName
  readonly ledgerPath: string
  /** Whether the worker kills itself after some writes. */
  readonly isMortal: boolean
}

/**
 * Waits for the assignment, sends `ready` once `begin` resolves, and runs until the parent sends
 * `stop` or is gone.
 */
export async function work(
  begin: (assignment: Assignment) => Promise<{ readonly stop: () => Promise<void> }>,
): Promise<void> {
  process.once('disconnect', () => {
    process.exit(1)
  })
  // An error that a client throws outside of any call must not end the worker.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${process.argv[1] ?? ''}: ${error.message}\n`)
  })
  const assignment = await message<Assignment>()
  const { stop } = await begin(assignment)
  process.send?.('ready')
  // A worker that is killed cannot do this at its end; its successor starts in half the time.
  flushCompileCache()
  await message<'stop'>()
  await stop()
  process.exit(0)
}

function message<T>(): Promise<T> {
  return new Promise((resolve) => {
    process.once('message', resolve as (value: unknown) => void)
  })
}
