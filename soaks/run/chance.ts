/** A number drawn evenly between two bounds. */
export function between(least: number, most: number): number {
  return least + Math.random() * (most - least)
}

/** An item drawn evenly. */
export function anyOf<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T
}

/** An item drawn in proportion to its weight. */
export function weighted<T extends { readonly weight: number }>(items: readonly T[]): T {
  let left = Math.random() * items.reduce((sum, { weight }) => sum + weight, 0)
  return items.find(({ weight }) => (left -= weight) <= 0) ?? (items[0] as T)
}
