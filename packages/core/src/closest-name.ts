/** The known name that a mistyped one most likely meant; `undefined` when none is alike. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((one) => ({ one, likeness: likeness(name, one) }))
    .sort((a, b) => b.likeness - a.likeness)
  return ranked.find((candidate) => candidate.likeness >= leastLikeness)?.one
}

const leastLikeness = 0.4

/** Shared pairs of letters, as a share of all (Dice), from 0 to 1. */
function likeness(a: string, b: string): number {
  const [pairsOfA, pairsOfB] = [pairsOf(a), pairsOf(b)]
  const shared = [...pairsOfA].filter((pair) => pairsOfB.has(pair)).length
  return (2 * shared) / (pairsOfA.size + pairsOfB.size || 1)
}

function pairsOf(text: string): Set<string> {
  const letters = text.toLowerCase()
  return new Set([...letters].slice(1).map((_, at) => letters.slice(at, at + 2)))
}
