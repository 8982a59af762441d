import { isIPv4, isIPv6 } from 'node:net'
import * as z from 'zod/mini'
import { checkOptions, strictOptions } from '../check-options.ts'
import { once } from '../once.ts'

/** Options of {@link addressSubject}. */
export interface AddressSubjectOptions {
  /**
   * Leading bits of an IPv6 address that make a subject. A provider gives each customer a whole /64
   * or more, so that a limit by the full address would not hold.
   *
   * @defaultValue `64`
   */
  readonly ipv6Prefix?: number
}

/** Defaults of {@link AddressSubjectOptions}. */
export const addressSubjectDefaults = {
  ipv6Prefix: 64,
} as const satisfies Required<AddressSubjectOptions>

const expected = 'expected a whole number from 1 to 128'
const rules = once(() =>
  strictOptions<AddressSubjectOptions>({
    ipv6Prefix: z.int(expected).check(z.minimum(1, expected), z.maximum(128, expected)),
  }),
)

const groupCount = 8
const groupBits = 16

/**
 * The subject of a rate limit by address: an IPv4 address, or the network of an IPv6 address. All
 * ways to write an address give one subject, and an IPv4 address within IPv6 (`::ffff:10.0.0.1`)
 * gives that of the IPv4 address. A text that is no address is returned unchanged.
 *
 * @throws {@link InvalidOptions} when the prefix is out of range.
 * @example
 * ```ts
 * const { success } = await limiter.take(addressSubject(request.ip ?? ''))
 * ```
 */
export function addressSubject(address: string, options: AddressSubjectOptions = {}): string {
  const settings = { ...addressSubjectDefaults, ...options }
  const { ipv6Prefix } = checkOptions('addressSubject', rules(), settings)
  const [withoutZone = ''] = address.split('%')
  if (isIPv4(withoutZone)) return withoutZone
  if (!isIPv6(withoutZone)) return address
  const groups = groupsOf(withoutZone)
  return ipv4Within(groups) ?? `${networkOf(groups, ipv6Prefix)}/${ipv6Prefix}`
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const [before, after] = [parse(head), parse(tail ?? '')]
  const zeros = new Array<number>(groupCount - before.length - after.length).fill(0)
  return [...before, ...zeros, ...after]
}

function parse(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

/** The IPv4 address in `::ffff:0:0/96`; `undefined` for every other address. */
function ipv4Within(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : undefined
}

function networkOf(groups: readonly number[], prefix: number): string {
  return groups
    .map((group, at) => {
      const bits = Math.min(groupBits, Math.max(0, prefix - groupBits * at))
      return (group & (0xffff << (groupBits - bits)) & 0xffff).toString(16)
    })
    .join(':')
}
