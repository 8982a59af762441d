import type { Command } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'

const isText = 'take the id as a text, although it looks like a number'

/** `sessions` and its commands. */
export function addSessionCommands(program: Command, surroundings: Surroundings): void {
  const sessions = program.command('sessions').description('sessions of users')
  const load = () => import('../commands/sessions.ts')
  sessions
    .command('list <user-id>')
    .description('list the sessions of a user')
    .option('--text-id', isText)
    .action(lazily(surroundings, async () => (await load()).list))
  sessions
    .command('revoke [user-id]')
    .description('end all sessions of a user, or one')
    .option('--session <id>', 'the id of one session, as `list` prints it')
    .option('--text-id', isText)
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).revoke))
}
