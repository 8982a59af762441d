import { type Command, Option } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'
import { positive, seconds } from './arguments.ts'

/** `outbox` and its commands. */
export function addOutboxCommands(program: Command, surroundings: Surroundings): void {
  const outbox = program.command('outbox').description('events on their way to sinks')
  outbox
    .command('status')
    .description('say how far each sink is behind, what it gave up, and who serves it')
    .action(lazily(surroundings, async () => (await import('../commands/outbox.ts')).status))
  outbox
    .command('watch')
    .description('print the status again and again')
    .addOption(
      new Option('--every <seconds>', 'the time between two')
        .argParser(seconds)
        .default(1_000, '1'),
    )
    .option('--times <count>', 'how many times', positive)
    .action(lazily(surroundings, async () => (await import('../commands/outbox.ts')).watch))
  outbox
    .command('reset')
    .description('make an outbox usable again that relays refuse')
    .addOption(
      new Option(
        '--history <assumption>',
        'restored: the ids belong to another server, deliver again; continued: after pg_upgrade or a failover',
      )
        .choices(['restored', 'continued'])
        .makeOptionMandatory(),
    )
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await import('../commands/outbox.ts')).reset))
  outbox
    .command('remove-sink <name>')
    .description('forget a sink that is gone for good, with what it gave up')
    .option('--yes', 'do it')
    .action(
      lazily(surroundings, async () => (await import('../commands/remove-sink.ts')).removeSink),
    )
  addDeadLetterCommands(outbox, surroundings)
}

function addDeadLetterCommands(outbox: Command, surroundings: Surroundings): void {
  const load = () => import('../commands/dead-letters.ts')
  matching(outbox.command('dead'))
    .description('group the events that sinks gave up by the reason')
    .option('--events', 'list them one by one')
    .option('--limit <count>', 'events to list', positive, 100)
    .action(lazily(surroundings, async () => (await load()).dead))
  outbox
    .command('show <event-id>')
    .description('show an event that sinks gave up')
    .option('--payload', 'with its payload, which may hold personal data')
    .action(lazily(surroundings, async () => (await load()).show))
  matching(outbox.command('replay [event-id...]'))
    .description('deliver again what sinks gave up')
    .option('--all', 'everything')
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).replay))
  matching(outbox.command('discard [event-id...]'))
    .description('drop for good what sinks gave up, so that what waits behind it is delivered')
    .option('--all', 'everything')
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).discard))
}

function matching(command: Command): Command {
  return command
    .option('--sink <name>', 'only of this sink')
    .option('--fingerprint <text>', 'only with this kind of failure')
    .option('--aggregate-type <type>', 'only of this kind of aggregate')
    .option('--aggregate-id <id>', 'only of this aggregate')
}
