import * as z from 'zod/mini'
import { option } from '../../check-options.ts'
import { once } from '../../once.ts'

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** The port of a Sentinel that has no other. */
const sentinelPort = 26_379

const port = 'expected a port, 1 to 65535'
const address = once(() =>
  z.strictObject(
    {
      host: option.text(),
      port: z.int(port).check(z.minimum(1, port), z.maximum(65_535, port)),
    },
    'expected an address: { host, port }',
  ),
)

/** The rule of a list of Sentinels. */
export const sentinelAddresses = once(() =>
  z.array(address()).check(z.minLength(1, 'expected one Sentinel or more')),
)

/** The addresses in a text: `host:port`, separated by commas; `[::1]:26379` is one too. */
export function addressesIn(text: string): readonly ServerAddress[] {
  return text.split(',').map((part) => {
    const [, host = '', number] = /^\s*\[?(.*?)\]?(?::(\d+))?\s*$/.exec(part) ?? []
    return { host, port: number === undefined ? sentinelPort : Number(number) }
  })
}

/** Whether two addresses are the same. */
export function isSameAddress(one: ServerAddress | undefined, other: ServerAddress): boolean {
  return one?.host === other.host && one.port === other.port
}
