/**
 * A copy of an error under other words: the name, the code and the frames stay, and the system's
 * error that lies beneath. The words of a client or a server may quote what was sent to it.
 */
export function errorSummary(error: unknown, words: string): Error {
  const beneath = systemErrorIn(error)
  const summary = new Error(words, beneath === undefined ? {} : { cause: beneath })
  if (!(error instanceof Error)) return summary
  summary.name = error.name
  summary.stack = `${error.name}: ${words}${framesOf(error)}`
  const { code } = error as { code?: unknown }
  return typeof code === 'string' || typeof code === 'number'
    ? Object.assign(summary, { code })
    : summary
}

function framesOf({ message, stack = '' }: Error): string {
  const words = stack.indexOf(message)
  const from = words < 0 ? 0 : words + message.length
  return /\n {4}at [\s\S]*$/.exec(stack.slice(from))?.[0] ?? ''
}

/**
 * A copy of the system's error beneath an error. `ECONNREFUSED` and the like speak of addresses,
 * never of data; that of a program that cannot be run has its command behind `spawn`, and its
 * arguments in a field of its own.
 */
function systemErrorIn(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  if ('syscall' in error) return systemError(error)
  return error instanceof AggregateError
    ? error.errors.map(systemErrorIn).find((found) => found !== undefined)
    : systemErrorIn(error.cause)
}

interface SystemError extends Error {
  readonly syscall?: unknown
  readonly code?: unknown
  readonly address?: unknown
  readonly hostname?: unknown
  readonly port?: unknown
}

function systemError(error: SystemError): Error {
  const { code, address, hostname, port } = error
  const [syscall] = String(error.syscall).split(' ')
  const shown = Object.entries({ syscall, code, address, hostname, port }).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  )
  const words = shown.map(([, value]) => String(value)).join(' ')
  const copy = Object.assign(new Error(words), Object.fromEntries(shown))
  copy.stack = `${error.name}: ${words}${framesOf(error)}`
  return copy
}
