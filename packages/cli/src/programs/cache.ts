import type { Command } from 'commander'
import { lazily, type Surroundings } from '../invocation.ts'

/** `cache` and its commands. */
export function addCacheCommands(program: Command, surroundings: Surroundings): void {
  const cache = program.command('cache').description('entries of caches, such as course:5')
  const load = () => import('../commands/cache.ts')
  cache
    .command('inspect <key>')
    .description('say what Redis holds under a key, and who holds it')
    .option('--value', 'with the value, which may hold personal data')
    .action(lazily(surroundings, async () => (await load()).inspect))
  cache
    .command('stats')
    .description('say what memory Redis has, what it evicted, and whether it is a replica')
    .action(lazily(surroundings, async () => (await import('../commands/cache-stats.ts')).stats))
  cache
    .command('invalidate <key...>')
    .description('make the entries of keys void, in Redis and in every process')
    .action(lazily(surroundings, async () => (await load()).invalidation))
}
