import type { Command } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'

/** `slots` and its commands. */
export function addSlotCommands(program: Command, surroundings: Surroundings): void {
  const slots = program.command('slots').description('replication slots of PostgreSQL')
  const load = () => import('../commands/slots.ts')
  slots
    .command('list')
    .description('list them, with the log that each holds back')
    .action(lazily(surroundings, async () => (await load()).list))
  slots
    .command('drop <name>')
    .description('drop one that nobody reads, so that PostgreSQL can remove its log')
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).drop))
}
