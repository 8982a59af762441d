import { flushCompileCache } from 'node:module'
import type { SubjectName, SubjectUrls } from './subject.ts'

/** What a process of the soak is told to do. */
export interface Assignment extends SubjectUrls {
  readonly subject: SubjectName
  readonly ledgerPath: string
  /** Whether it kills itself after some writes. */
  readonly isMortal: boolean
}

/**
 * Waits for the assignment, says `ready` when `begin` is done, runs until told to stop or until the
 * parent is gone.
 */
export async function work(
  begin: (assignment: Assignment) => Promise<{ readonly stop: () => Promise<void> }>,
): Promise<void> {
  process.once('disconnect', () => {
    process.exit(1)
  })
  // What a client throws outside of any call must not end a process that is not meant to end.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${process.argv[1] ?? ''}: ${error.message}\n`)
  })
  const assignment = await message<Assignment>()
  const { stop } = await begin(assignment)
  process.send?.('ready')
  // One that is killed could not do so at its end; the next one starts in half the time.
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
