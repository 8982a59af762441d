import { setImmediate } from 'node:timers/promises'

const itemsPerTurn = 250

/**
 * Visits items one after another, a few hundred a turn of the event loop, so that tens of thousands
 * keep the process from nothing else. Ends early where it is told to.
 */
export async function inTurns<Item>(
  items: Iterable<Item>,
  { visit, isOver }: { readonly visit: (item: Item) => void; readonly isOver: () => boolean },
): Promise<void> {
  let visited = 0
  for (const item of items) {
    if (visited % itemsPerTurn === 0 && visited > 0) {
      await setImmediate()
      if (isOver()) return
    }
    visit(item)
    visited += 1
  }
}
