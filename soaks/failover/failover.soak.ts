// Checks that nothing acknowledged is lost, stale, doubled or sold twice while the primary of
// PostgreSQL is killed and its standby promoted again and again, and that the same rig catches
// reads of a standby, and a cache that a standby fills, being stale.
import { say } from '../run/say.ts'
import { failuresOf, soak } from '../run/soak.ts'
import { runSoak, type SoakResult } from './soak-run.ts'

/** On a machine that does nothing else it is half of that. */
const secondsPerPromotion = 60
const leastCommitsPerSecond = 5
const shown = 5

await soak(
  async (options) => {
    const result = await runSoak(options)
    report(result)
    return { summary: summaryOf(result), failures: failures(result, options.seconds) }
  },
  { seconds: 120 },
)

function summaryOf(result: SoakResult) {
  return {
    soak: 'failover',
    promotions: result.promotions,
    staleReads: result.reads.stale.length + result.revived.length,
    lostAcknowledged: result.lostAcknowledged.length,
    inverted: result.inverted.length,
    duplicateEffects: result.duplicateEffects.length,
    oversold: result.oversold.length,
    unsaid: result.unsaid.length,
    controls: {
      replicaReads: { staleReads: result.replica.stale.length },
      replicaFilledCache: { staleReads: result.replicaCache.stale.length },
    },
  }
}

function failures(result: SoakResult, seconds: number): string[] {
  const some = (found: readonly string[], what: string) =>
    [found.length > 0, `${found.length} ${what}: ${firstOf(found)}`] as const
  return failuresOf([
    some(result.reads.stale, 'reads were stale'),
    some(result.revived, 'sessions were found after their end'),
    some(result.lostAcknowledged, 'acknowledged commits or events were lost'),
    some(result.unsaid, 'commits were lost and nothing said so'),
    some(result.inverted, 'effects or states were out of order'),
    some(result.duplicateEffects, 'effects were duplicates'),
    some(result.oversold, 'courses were oversold'),
    some(result.fallen, 'workers ended by themselves'),
    [!result.isDrained, 'the sinks did not receive everything in time'],
    [
      result.promotions < Math.floor(seconds / secondsPerPromotion),
      `only ${result.promotions} promotions`,
    ],
    [result.commits < seconds * leastCommitsPerSecond, `only ${result.commits} commits`],
    [result.seats === 0, 'no seat was sold'],
    [result.replica.stale.length === 0, 'the rig caught no stale read of a standby'],
    [
      result.replicaCache.stale.length === 0,
      'the rig caught no stale read of a cache that a standby fills',
    ],
  ])
}

function report({ reads, commits, seats, said, unsaid }: SoakResult): void {
  say(`  ${reads.reads} reads, ${commits} commits, ${seats} seats`)
  say(`  lost by asynchronous replication: ${said.length} said, ${unsaid.length} unsaid`)
  say(`  reads of a lost future while the primary was away: ${reads.early}`)
}

function firstOf(found: readonly string[]): string {
  return found.slice(0, shown).join(', ') + (found.length > shown ? ', …' : '')
}
