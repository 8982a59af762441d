/** The key of a row in the cache that is filled from a standby: a control. */
export function replicaCacheKey(id: number): string {
  return `replica-cache:${id}`
}
