import { formatMoney, money, once, parseMoney } from '@headwater/core'
import type { Money } from '@headwater/core'
import * as z from 'zod/mini'
import { countOptionsDefaults } from '../search-options.ts'

/** Courses of prices from one amount to another, both included: values for these two filters. */
export interface PriceBand {
  /** The lowest price. */
  readonly minPrice: Money
  /** The highest price; `null` in the last band, which has none. */
  readonly maxPrice: Money | null
  /** The number of courses. */
  readonly courses: number
}

/** The bands between edges, each from its edge to the cent below the next; the first from 0. */
export function bandsOf(
  edges: readonly Money[],
  courses: ReadonlyMap<number, number>,
): PriceBand[] {
  const starts = ['0.00', ...edges]
  return starts.map((minPrice, band) => {
    const next = starts[band + 1]
    return {
      minPrice,
      maxPrice: next === undefined ? null : formatMoney((parseMoney(next) ?? 1n) - 1n),
      courses: courses.get(band) ?? 0,
    }
  })
}

/** The rules of the edges of bands: ascending, the first above 0. */
export const bandEdges = once(() =>
  z._default(
    z
      .array(money())
      .check(
        z.minLength(1, 'must have a price'),
        z.maxLength(20, 'must have at most 20 prices'),
        z.refine(areEdges, 'must ascend from above 0'),
      ),
    [...countOptionsDefaults.priceBands],
  ),
)

function areEdges(edges: readonly Money[]): boolean {
  return edges.every(
    (edge, place) => (parseMoney(edge) ?? 0n) > (parseMoney(edges[place - 1] ?? '0') ?? 0n),
  )
}
