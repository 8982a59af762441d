import { CommanderError } from 'commander'
import { createProgram } from './program.ts'
import { runbookOf } from './runbook.ts'
import { paintFor } from './terminal/paint.ts'
import { Secrets } from './terminal/secrets.ts'
import type { Terminal } from './terminal/terminal.ts'

/** Exit codes. */
const codes = { ok: 0, found: 1, usage: 2 } as const

/**
 * Runs the command line and returns its exit code: 0 when all is well, 1 for a finding or a
 * failure, 2 for a command that cannot be carried out as it was typed or configured.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const secrets = new Secrets()
  secrets.learn(ownVariables(terminal.env))
  const guarded = guardedBy(secrets, terminal)
  const printJson = (value: object): void => {
    terminal.out(`${JSON.stringify(value, cleaned(secrets))}\n`)
  }
  let isFinding = false
  const onFinding = (): void => {
    isFinding = true
  }
  const program = createProgram({ terminal: guarded, secrets, printJson, onFinding })
  const complainJson = argv.includes('--json') ? printJson : undefined
  try {
    await program.parseAsync(argv, { from: 'user' })
    return isFinding ? codes.found : codes.ok
  } catch (error) {
    // Commander has said what is wrong.
    if (error instanceof CommanderError) return misused(error, complainJson)
    return complain(error, guarded, complainJson)
  }
}

function guardedBy(secrets: Secrets, terminal: Terminal): Terminal {
  return {
    ...terminal,
    out: (text) => {
      terminal.out(secrets.clean(text))
    },
    err: (text) => {
      terminal.err(secrets.clean(text))
    },
  }
}

/** Values are cleaned one by one: JSON stays JSON, whatever a secret is. Fences are bigints. */
function cleaned(secrets: Secrets): (key: string, value: unknown) => unknown {
  return (_key, value) => {
    if (typeof value === 'bigint') return String(value)
    return typeof value === 'string' ? secrets.clean(value) : value
  }
}

function ownVariables(env: Terminal['env']): Terminal['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('HEADWATER_')))
}

type PrintJson = ((value: object) => void) | undefined

function misused({ code, exitCode, message }: CommanderError, printJson: PrintJson): number {
  if (exitCode === 0) return codes.ok
  const said = code === 'commander.help' ? 'no command was named' : message.replace(/^error: /, '')
  printJson?.({ version: 1, error: { type: 'usage', message: said } })
  return codes.usage
}

function complain(error: unknown, terminal: Terminal, printJson: PrintJson): number {
  const isUsage = nameOf(error) === 'UsageError' || nameOf(error) === 'InvalidOptions'
  const message = error instanceof Error ? error.message : String(error)
  const failure = failureIn(error)
  const type = isUsage ? 'usage' : typeOf(failure)
  const runbook = isUsage ? undefined : runbookOf(failure)
  printJson?.({
    version: 1,
    error: { type, message, ...(runbook === undefined ? {} : { runbook }) },
  })
  const paint = paintFor(terminal, terminal.isErrTty)
  terminal.err(`${paint('bad', 'error:')} ${message}\n`)
  if (runbook !== undefined) terminal.err(`${paint('quiet', runbook)}\n`)
  return isUsage ? codes.usage : codes.found
}

/** By name: nothing of the commands is loaded for `--help`, and the host has its own copies. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** The failure of the SDK; empty where there is none. */
function failureIn(error: unknown): object {
  const failure: unknown = error instanceof Error ? Reflect.get(error, 'failure') : undefined
  return failure instanceof Object ? failure : {}
}

function typeOf(failure: object): string {
  const type: unknown = Reflect.get(failure, 'type')
  return typeof type === 'string' ? type : 'failed'
}
