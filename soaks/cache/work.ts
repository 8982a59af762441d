import { flushCompileCache } from 'node:module'
import type { NearCounts } from './near/near-counts.ts'
import type { SubjectName, SubjectUrls } from './subject.ts'

/** What a worker does. */
export interface Work {
  readonly stop: () => Promise<void>
  /** Reported now and then, since the worker may be killed. */
  readonly nearCounts: NearCounts | undefined
}

const reportEveryMs = 250

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
export async function work(begin: (assignment: Assignment) => Promise<Work>): Promise<void> {
  process.once('disconnect', () => {
    process.exit(1)
  })
  // An error that a client throws outside of any call must not end the worker.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${process.argv[1] ?? ''}: ${error.message}\n`)
  })
  const assignment = await message<Assignment>()
  const { stop, nearCounts } = await begin(assignment)
  process.send?.('ready')
  // A worker that is killed cannot do this at its end; its successor starts in half the time.
  flushCompileCache()
  if (nearCounts !== undefined) setInterval(() => process.send?.(nearCounts), reportEveryMs)
  await message<'stop'>()
  await stop()
  await new Promise((sent) => process.send?.(nearCounts ?? {}, sent))
  process.exit(0)
}

function message<T>(): Promise<T> {
  return new Promise((resolve) => {
    process.once('message', resolve as (value: unknown) => void)
  })
}
