import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addCacheCommands } from './programs/cache.ts'
import { addDeploymentCommands } from './programs/deployment.ts'
import { addOutboxCommands } from './programs/outbox.ts'
import { addRestoreCommands } from './programs/restore.ts'
import { addSearchCommands } from './programs/search.ts'
import { addSessionCommands } from './programs/sessions.ts'
import { addSlotCommands } from './programs/slots.ts'
import { addTransactionCommands } from './programs/transactions.ts'
import { lazily, type Surroundings } from './invocation.ts'

const epilogue = `
Exit codes: 0 all is well, 1 a finding, a failure or a plan that waits for --yes, 2 wrong usage.
The stores are those of headwater.config.{ts,mjs,js,json} or of the variables HEADWATER_…`

/** The tree of commands. Nothing but their names is loaded before one is called. */
export function createProgram(surroundings: Surroundings): Command {
  const { terminal } = surroundings
  const program = new Command('headwater')
    .description('Finds out what is wrong with a deployment of Headwater, and mends it.')
    .version(versionOfPackage(), '--version', 'print the version')
    .option('--json', 'print one line of JSON to the standard output')
    .option('--config <file>', 'the configuration (default: headwater.config.* in this folder)')
    .addHelpText('after', epilogue)
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  addDeploymentCommands(program, surroundings)
  addOutboxCommands(program, surroundings)
  addSearchCommands(program, surroundings)
  addCacheCommands(program, surroundings)
  addSessionCommands(program, surroundings)
  addTransactionCommands(program, surroundings)
  addSlotCommands(program, surroundings)
  addRestoreCommands(program, surroundings)
  program
    .command('completion <shell>')
    .description('print the completion of commands for bash, zsh or fish')
    .action(
      lazily(surroundings, async () => {
        const { completion } = await import('./commands/completion.ts')
        return completion(program)
      }),
    )
  return program
}

function versionOfPackage(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
