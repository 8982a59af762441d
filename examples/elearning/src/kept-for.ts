/** Wraps `load` so that its answer serves all who ask within `ms`, and one call serves them all. */
export function keptFor<T>(ms: number, load: () => Promise<T>): () => Promise<T> {
  let kept: { readonly value: Promise<T>; readonly untilMs: number } | undefined
  return () => {
    const now = performance.now()
    if (kept === undefined || now >= kept.untilMs) kept = { value: load(), untilMs: now + ms }
    return kept.value
  }
}
