import { leastRelated } from '../fusion/fuse-by-evidence.ts'
import { leastAloneIn } from './explained-legs.ts'
import type { DropReason } from './search-explanation.ts'
import type { LookNotes } from './search-trace.ts'

/** Courses that a leg found and no look or pin ranked, each with why; the most similar first. */
export function leftOutOf(
  looks: readonly LookNotes[],
  pinned: readonly number[] = [],
): ReadonlyMap<number, DropReason> {
  const found = looks.flatMap(({ found: ranking = [] }) => ranking.map(({ id }) => id))
  const ranked = new Set([...found, ...pinned])
  const all = new Map(looks.flatMap((look) => [...byMeaning(look), ...byWords(look)]))
  return new Map([...all].filter(([id]) => !ranked.has(id)))
}

function byMeaning(look: LookNotes): (readonly [number, DropReason])[] {
  const { near = [], legs, legFloor = -Infinity, scale } = look
  if (legs?.dense === undefined || scale === undefined) return []
  const allowed = new Set(legs.dense.found.map(({ id }) => id))
  const alone = leastAloneIn(look)
  const related = alone === scale.floor ? scale.floor : leastRelated(scale)
  return near.map(({ id, score }) => {
    if (score < legFloor) return [id, 'below-floor']
    if (!allowed.has(id)) return [id, 'excluded']
    return [id, score < related ? 'below-floor' : 'not-distinct']
  })
}

function byWords({ words, near = [] }: LookNotes): (readonly [number, DropReason])[] {
  const known = new Set(near.map(({ id }) => id))
  const rows = (words?.rows ?? []).filter(({ id }) => !known.has(id))
  return rows.map(({ id }) => [id, 'too-few-words'])
}
