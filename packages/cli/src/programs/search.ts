import type { Command } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'
import { positive, share } from './arguments.ts'

/** `search` and its commands. */
export function addSearchCommands(program: Command, surroundings: Surroundings): void {
  const search = program.command('search').description('the vector index of the courses')
  const load = () => import('../commands/search.ts')
  search
    .command('status [course-id]')
    .description('count the courses by what the index has acknowledged of them')
    .action(lazily(surroundings, async () => (await load()).status))
  withGeneration(search.command('verify'))
    .description('compare the index with PostgreSQL; exit code 1 if they differ')
    .option('--limit <count>', 'differences to list', positive, 100)
    .action(lazily(surroundings, async () => (await load()).verify))
  withGeneration(search.command('repair'))
    .description('repair what differs')
    .option('--limit <count>', 'differences to repair', positive, 1_000)
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).repair))
  withGeneration(search.command('reindex'))
    .description('fill the index with every course, from where the last attempt ended')
    .option('--from-start', 'begin with the first course')
    .action(lazily(surroundings, async () => (await load()).reindex))
  withGeneration(search.command('calibrate'))
    .description('measure anew how similar texts without a meaning are to the courses')
    .action(
      lazily(surroundings, async () => (await import('../commands/search/calibrate.ts')).calibrate),
    )
  addWordCommands(search, surroundings)
  addGenerationCommands(search, surroundings)
}

/** What searches know besides the index. */
function addWordCommands(search: Command, surroundings: Surroundings): void {
  search
    .command('queries')
    .description('gather anew which queries of the log may be suggested')
    .action(
      lazily(surroundings, async () => {
        const { refreshQueries } = await import('../commands/search/query-suggestions.ts')
        return refreshQueries
      }),
    )
  search
    .command('words')
    .description(
      'compare the words that searches read with the courses; exit code 1 if they differ',
    )
    .option('--yes', 'renew those that differ')
    .action(
      lazily(
        surroundings,
        async () => (await import('../commands/search/search-words.ts')).searchWords,
      ),
    )
}

function addGenerationCommands(search: Command, surroundings: Surroundings): void {
  const load = () => import('../commands/generations.ts')
  const generations = search
    .command('generations')
    .description('the generations of the index, one for each model and template')
  generations
    .command('list', { isDefault: true })
    .description('list them')
    .action(lazily(surroundings, async () => (await load()).list))
  withCoverage(generations.command('activate [generation]'))
    .description('make queries use another one, once it is verified')
    .action(lazily(surroundings, async () => (await load()).activate))
  withCoverage(generations.command('rollback'))
    .description('go back to the last one')
    .action(lazily(surroundings, async () => (await load()).rollback))
  generations
    .command('cleanup [generation]')
    .description('remove one that is not active, or all that stand by, with their vectors')
    .option('--yes', 'do it')
    .action(lazily(surroundings, async () => (await load()).cleanup))
}

function withGeneration(command: Command): Command {
  return command.option('--generation <name>', 'another generation than the usual one')
}

function withCoverage(command: Command): Command {
  return command
    .option('--min-coverage <share>', 'share of the courses that it must hold, 0 to 1', share, 1)
    .option('--yes', 'do it')
}
