/** The address of a store. */
export interface Upstream {
  host: string
  port: number
}

const defaultPorts: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
  'mongodb:': 27017,
  'http:': 80,
  'https:': 443,
}

/**
 * Reads the host and port of a store's URL.
 *
 * @throws Error for a URL that names several hosts, or none that a TCP proxy could stand in front
 *   of.
 */
export function upstreamOf(url: string): Upstream {
  const { protocol, hostname, port } = parse(url)
  const defaultPort = defaultPorts[protocol]
  if (!hostname || defaultPort === undefined)
    throw new Error(
      `A fault proxy needs a URL with one host and a known scheme, not one with ${protocol}`,
    )
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) }
}

/** The same URL with 127.0.0.1 and another port; scheme, credentials, path and query stay. */
export function proxiedUrl(url: string, port: number): string {
  const proxied = parse(url)
  proxied.hostname = '127.0.0.1'
  proxied.port = String(port)
  // Otherwise the driver asks the server for its members and goes past the proxy.
  if (proxied.protocol === 'mongodb:') proxied.searchParams.set('directConnection', 'true')
  return keepsBareEnd(url) ? proxied.href.replace(/\/$/, '') : proxied.href
}

function keepsBareEnd(url: string): boolean {
  return /^https?:\/\/[^/?#]*$/.test(url)
}

function parse(url: string): URL {
  try {
    return new URL(url)
  } catch {
    throw new Error('A fault proxy needs a URL with exactly one host')
  }
}
