import { type Command, Option } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'
import { positive, seconds } from './arguments.ts'

/** `transactions` and its commands. */
export function addTransactionCommands(program: Command, surroundings: Surroundings): void {
  const transactions = program
    .command('transactions')
    .description('transactions of PostgreSQL that hold an old snapshot')
  const load = () => import('../commands/transactions.ts')
  const olderThan = () =>
    new Option('--older-than <seconds>', 'only those that began so long ago')
      .argParser(seconds)
      .default(60_000, '60')
  transactions
    .command('list')
    .description('list them, the oldest first')
    .addOption(olderThan())
    .action(lazily(surroundings, async () => (await load()).list))
  transactions
    .command('end')
    .description('end the session of one, which undoes what it did')
    .argument('<process>', 'its process, as `list` prints it', positive)
    .addOption(olderThan())
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).end))
}
