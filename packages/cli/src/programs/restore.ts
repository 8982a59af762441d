import { Argument, type Command } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'
import { moment, seconds } from './arguments.ts'

/** `resync` and `rebuild`. */
export function addRestoreCommands(program: Command, surroundings: Surroundings): void {
  const load = () => import('../commands/resync.ts')
  program
    .command('resync')
    .description('make the other stores agree with a PostgreSQL that was restored from a backup')
    .requiredOption('--restored-to <moment>', 'the moment that it was restored to', moment)
    .requiredOption('--opened-at <moment>', 'when it was opened for writes since', moment)
    .option('--margin <seconds>', 'time by which something may look older than it is', seconds)
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).resynchronisation))
  program
    .command('rebuild')
    .description('rebuild what a store held that was lost whole')
    .addArgument(
      new Argument('<store>', 'the store, which is there again').choices([
        ...['redis', 'mongodb', 'pinecone'],
      ]),
    )
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).rebuilding))
}
