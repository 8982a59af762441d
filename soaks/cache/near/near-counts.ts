import type { Diagnostics } from '@headwater/core'

/** How often something happened in a near tier, by name. */
export type NearCounts = Record<string, number>

/** Counts what a near tier does from now on. */
export function countNear(diagnostics: Diagnostics): NearCounts {
  const counts: NearCounts = { nearReads: 0, redisReads: 0 }
  const add = (name: string, count = 1): void => {
    counts[name] = (counts[name] ?? 0) + count
  }
  diagnostics.on('near:hit', ({ count }) => {
    add('nearReads', count)
  })
  diagnostics.on('cache:hit', ({ count }) => {
    add('redisReads', count)
  })
  diagnostics.on('near:drop', ({ count }) => {
    add('drops', count)
  })
  diagnostics.on('near:fill-refused', () => {
    add('refused')
  })
  diagnostics.on('near:leave', ({ reason }) => {
    add('leaves')
    add(`leaves: ${reason}`)
  })
  diagnostics.on('near:wait', ({ missing }) => {
    add('waits')
    if (missing > 0) add('waits in vain')
  })
  diagnostics.on('near:removed', () => {
    add('removed')
  })
  return counts
}

/** The sums of counts. */
export function sumOf(all: readonly NearCounts[]): NearCounts {
  const sums: NearCounts = {}
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  return sums
}
