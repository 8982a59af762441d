import type { EmbedderRanking } from '../../embedders/embedder.ts'
import { fuseByEvidence } from './fuse-by-evidence.ts'
import type { MatchedCourse, SimilarityScale } from './fuse-by-evidence.ts'
import { fuse } from './fuse.ts'
import type { FusedCourse, RankedCourse } from './fuse.ts'

/** The ranking that the host or the embedder has set; what it leaves out is measured. */
export type GivenRanking = Partial<EmbedderRanking>

/** What the dense leg found, and the scale of its similarities. */
export interface FoundByMeaning {
  readonly found: readonly RankedCourse[]
  readonly scale: SimilarityScale
}

/** What the legs found that answered. */
export interface LegAnswers {
  readonly dense?: FoundByMeaning
  readonly lexical?: readonly MatchedCourse[]
}

/**
 * Merges what the legs found: by what it shows, or, with a given weight, by reciprocal rank fusion.
 * A leg that answers alone keeps its order.
 */
export function mergeLegs(
  { dense, lexical }: LegAnswers,
  { denseWeight }: GivenRanking,
): FusedCourse[] {
  if (dense !== undefined && lexical !== undefined && denseWeight === undefined)
    return fuseByEvidence({ dense: dense.found, lexical }, dense.scale)
  const ranked = {
    ...(dense === undefined ? {} : { dense: similarOnly(dense) }),
    ...(lexical === undefined ? {} : { lexical }),
  }
  return fuse(ranked, { dense: denseWeight ?? 1 })
}

/** Whether a leg found as many courses as it was asked for. */
export function mayFindMore({ dense, lexical = [] }: LegAnswers, depth: number): boolean {
  return lexical.length >= depth || (dense !== undefined && similarOnly(dense).length >= depth)
}

/** The courses that are more similar than unrelated ones ever are. */
function similarOnly({ found, scale }: FoundByMeaning): readonly RankedCourse[] {
  return found.filter(({ score }) => score >= scale.floor)
}
