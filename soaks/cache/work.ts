import { flushCompileCache } from 'node:module'
import type { SubjectName, SubjectUrls } from './subject.ts'

/** The assignment of a process of the soak. */
export interface Assignment extends SubjectUrls {
  readonly subject: SubjectName
  readonly ledgerPath: string
  /** Whether it kills itself after some writes. */
  readonly isMortal: boolean
}

/**
 * Waits for the assignment, reports `ready` when `begin` is done, and runs until told to stop or
 * until the parent is gone.
 */
export async function work(
  begin: (assignment: Assignment) => Promise<{ readonly stop: () => Promise<void> }>,
): Promise<void> {
  process.once('disconnect', () => {
    process.exit(1)
  })
  // A client that throws outside of a call must not end a process that has to survive.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${process.argv[1] ?? ''}: ${error.message}\n`)
  })
  const assignment = await message<Assignment>()
  const { stop } = await begin(assignment)
  process.send?.('ready')
  // A killed process cannot do so at its end, and its successor starts in half the time.
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
