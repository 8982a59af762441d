/** Sent by the page with all that it asks: no form, image or link of another site has it. */
export const consoleHeader = 'x-headwater-console'

/** What a request is checked against. */
export interface RequestCheck {
  /** In lower case. */
  readonly hosts: ReadonlySet<string>
  /** Whether it asks for what the page shows or does, and not for the page itself. */
  readonly isApi: boolean
}

/** Why a request is refused before anything else is looked at; `undefined` where it is not. */
export function refusalOf(request: Request, { hosts, isApi }: RequestCheck): string | undefined {
  const { headers, method } = request
  const host = headers.get('host') ?? new URL(request.url).host
  if (!hosts.has(host.toLowerCase()))
    return `the console is not served as ${host}: name it in "hosts" if it should be`
  const isAction = method === 'POST'
  if (!isAction && method !== 'GET' && method !== 'HEAD') return 'the console takes GET and POST'
  if (!isAction && !isApi) return undefined
  if (headers.get(consoleHeader) !== '1') return `the page asks with the header ${consoleHeader}: 1`
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin') return 'only the console itself may ask this'
  return isAction ? originRefusal(headers.get('origin'), hosts) : undefined
}

/**
 * A browser says where a page that acts comes from, and the page cannot say otherwise. Not compared
 * with the header `Host`, which a proxy may have set.
 */
function originRefusal(origin: string | null, hosts: ReadonlySet<string>): string | undefined {
  if (origin === null || !URL.canParse(origin))
    return 'an action comes from the origin of the console'
  const { host } = new URL(origin)
  return hosts.has(host)
    ? undefined
    : `an action comes from the origin of the console: name ${host} in "hosts" if that is it`
}
