import type { Terminal } from './terminal.ts'

/** Exit code of a process that a second Ctrl-C ended, as shells have it. */
const interruptedCode = 130

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process
  const interruption = new AbortController()
  let isListening = false
  // A reader that has gone, as behind `| head`, ends a command as Ctrl-C does: after its step.
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      interruption.abort()
    })
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isOutTty: stdout.isTTY,
    isErrTty: stderr.isTTY,
    columns: stderr.isTTY ? stderr.columns : Infinity,
    env,
    directory: process.cwd(),
    // The clock of core would load core for help.
    clock: { now: () => new Date().getTime(), monotonic: () => performance.now() },
    interrupted: () => {
      if (!isListening) listen(interruption)
      isListening = true
      return interruption.signal
    },
  }
}

function listen(interruption: AbortController): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (interruption.signal.aborted) process.exit(interruptedCode)
      interruption.abort()
    })
}
