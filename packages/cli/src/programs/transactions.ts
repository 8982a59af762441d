import { type Command, Option } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'
import { positive, seconds } from './arguments.ts'

/** `transactions` and its commands. */
export function addTransactionCommands(program: Command, surroundings: Surroundings): void {
  const transactions = program
    .command('transactions')
    .description('what sessions of PostgreSQL do, and old snapshots that they hold')
  const load = () => import('../commands/transactions.ts')
  const olderThan = () =>
    new Option('--older-than <seconds>', 'only those that began so long ago')
      .argParser(seconds)
      .default(60_000, '60')
  transactions
    .command('list')
    .description('list transactions that hold an old snapshot, the oldest first')
    .addOption(olderThan())
    .action(lazily(surroundings, async () => (await load()).list))
  transactions
    .command('end')
    .description('end the session of one, which undoes what it did')
    .argument('<process>', 'its process, as `list` prints it', positive)
    .addOption(olderThan())
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).end))
  transactions
    .command('rollback <name>')
    .description('undo a prepared one that nobody ends')
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).rollback))
  transactions
    .command('running')
    .description('list what runs at this moment, and who waits for whose locks')
    .addOption(
      new Option('--longer-than <seconds>', 'only what has run so long')
        .argParser(seconds)
        .default(100, '0.1'),
    )
    .option('--statements', 'with whole statements, which may hold personal data')
    .action(lazily(surroundings, async () => (await import('../commands/running.ts')).running))
}
