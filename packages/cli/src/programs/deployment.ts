import { type Command, Option } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'
import { positive, seconds } from './arguments.ts'

/** `doctor`, `console`, `migrate`, `statistics` and `activity`. */
export function addDeploymentCommands(program: Command, surroundings: Surroundings): void {
  program
    .command('doctor')
    .description('look at every store at once, and say what is wrong and how to mend it')
    .addOption(
      new Option('--deadline <seconds>', 'time that each store has')
        .argParser(seconds)
        .default(1_300, '1.3'),
    )
    .action(lazily(surroundings, async () => (await import('../commands/doctor.ts')).doctor))
  program
    .command('console')
    .description('serve the web console on this machine, until Ctrl-C')
    .option('--port <number>', 'the port on 127.0.0.1 (default: any that is free)', positive)
    .option('--read-only', 'let the browser look and not act')
    .action(lazily(surroundings, async () => (await import('../commands/console.ts')).openConsole))
  addDatabaseCommands(program, surroundings)
  program
    .command('activity')
    .description('the log of activity')
    .command('spill')
    .description('say how much waits in PostgreSQL while MongoDB does not take it')
    .option('--drain', 'write it to MongoDB now')
    .action(lazily(surroundings, async () => (await import('../commands/activity.ts')).spill))
}

function addDatabaseCommands(program: Command, surroundings: Surroundings): void {
  program
    .command('migrate')
    .description('bring the schema up to date')
    .option('--plan', 'only say what is pending; exit code 1 if anything is')
    .option('--wait', 'wait until another process has brought it up to date')
    .addOption(
      new Option('--timeout <seconds>', 'longest time for --wait')
        .argParser(seconds)
        .default(300_000, '300'),
    )
    .action(lazily(surroundings, async () => (await import('../commands/migrate.ts')).migration))
  program
    .command('statistics <table...>')
    .description('renew what PostgreSQL plans statements with, after a large change of tables')
    .action(
      lazily(surroundings, async () => (await import('../commands/statistics.ts')).statistics),
    )
}
