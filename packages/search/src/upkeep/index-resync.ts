import { err, ok, ResultAsync } from '@headwater/core'
import type { Resyncable, ResyncFinding, ResyncWork, Result } from '@headwater/core'
import type { Generations, PresentGenerations } from '../indexing/generations.ts'
import type { IndexError } from '../indexing/index-outcome.ts'
import type { CourseIndex } from './course-index.ts'
import type { ReindexReport } from './reindex.ts'
import type { VerifyReport } from './verify.ts'

/**
 * The vector index, after a restore of PostgreSQL or its own loss: every written generation is
 * compared with the rows and written where it differs. Courses whose text is the same cost no
 * embedding. A generation whose embedder this process does not have is named and left alone.
 */
export function indexResync(
  index: Pick<CourseIndex, 'verify' | 'reindexAll'>,
  generations: Pick<Generations, 'present'>,
): Resyncable {
  const work: ResyncWork = {
    plan: () =>
      generations.present().andThen((present) => new ResultAsync(compareAll(index, present))),
    apply: () =>
      generations.present().andThen((present) => new ResultAsync(writeAll(index, present))),
  }
  return {
    name: 'search-index',
    store: 'pinecone',
    afterRestore: () => work,
    afterLoss: () => work,
  }
}

async function compareAll(
  index: Pick<CourseIndex, 'verify'>,
  { known, unknown }: PresentGenerations,
): Promise<Result<ResyncFinding[], IndexError>> {
  const findings: ResyncFinding[] = []
  for (const generation of known) {
    const compared = await index.verify({ generation })
    if (compared.isErr()) return err(compared.error)
    findings.push(...ofComparison(compared.value))
  }
  return ok([...findings, ...unknown.map(ofUnknown)])
}

async function writeAll(
  index: Pick<CourseIndex, 'reindexAll'>,
  { known, unknown }: PresentGenerations,
): Promise<Result<ResyncFinding[], IndexError>> {
  const findings: ResyncFinding[] = []
  for (const generation of known) {
    const written = await index.reindexAll({ generation, fromStart: true })
    if (written.isErr()) return err(written.error)
    findings.push(...ofWriting(written.value))
  }
  return ok([...findings, ...unknown.map(ofUnknown)])
}

function ofUnknown(generation: string): ResyncFinding {
  return {
    what: `vectors of generation ${generation}, whose embedder this process does not have`,
    outcome: 'not-known',
  }
}

function ofComparison(report: VerifyReport): ResyncFinding[] {
  const { generation, orphaned, missing, stale, wrongGeneration } = report
  return found(generation, { removed: orphaned, repaired: missing + stale + wrongGeneration })
}

function ofWriting({ generation, counts, failed }: ReindexReport): ResyncFinding[] {
  const refused: ResyncFinding = {
    what: `courses that cannot be indexed as they are, in generation ${generation}`,
    count: failed.length,
    outcome: 'not-known',
  }
  return [
    ...found(generation, { removed: counts.removed, repaired: counts.stored + counts.updated }),
    ...(failed.length > 0 ? [refused] : []),
  ]
}

function found(
  generation: string,
  { removed, repaired }: { readonly removed: number; readonly repaired: number },
): ResyncFinding[] {
  return [
    {
      what: `vectors without a published course, in generation ${generation}`,
      count: removed,
      outcome: 'removed',
    },
    {
      what: `courses whose record is missing or says something else, in generation ${generation}`,
      count: repaired,
      outcome: 'repaired',
    },
  ]
}
