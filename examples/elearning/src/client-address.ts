/**
 * The address of the client behind trusted proxies, each of which appended the address it saw to
 * `X-Forwarded-For`. What stands before those entries was written by the client itself.
 */
export function clientAddress(
  remote: string,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  const seen = (forwardedFor ?? '').split(',').map((entry) => entry.trim())
  const chain = [...seen.filter((entry) => entry !== ''), remote]
  return chain.at(-1 - trustedProxies) ?? chain[0] ?? remote
}
