import { addressSubject } from '@headwater/core'
import { describe, expect, test } from 'vitest'

const same: readonly (readonly [what: string, one: string, other: string])[] = [
  ['of one /64', '2001:db8:1:2::1', '2001:db8:1:2:ffff::99'],
  ['written in another way', '2001:0DB8:0001:0002:0000:0000:0000:0001', '2001:db8:1:2::1'],
  ['IPv4 within IPv6', '::ffff:10.0.0.1', '10.0.0.1'],
  ['IPv4 within IPv6 in hexadecimal', '::ffff:a00:1', '10.0.0.1'],
  ['with a zone', 'fe80::1%eth0', 'fe80::2%eth1'],
  ['with the loopback prefix', '::1', '::2'],
]

const different: readonly (readonly [what: string, one: string, other: string])[] = [
  ['of two /64', '2001:db8:1:2::1', '2001:db8:1:3::1'],
  ['two IPv4 addresses', '10.0.0.1', '10.0.0.2'],
  ['IPv4 and an IPv6 address that spells it', '10.0.0.1', '2001:db8::a00:1'],
  ['an absent one and a text that is no address', '', 'unknown'],
]

describe('addressSubject', () => {
  test.each(same)('Addresses %s are one subject', (_what, one, other) => {
    expect(addressSubject(one)).toBe(addressSubject(other))
  })

  test.each(different)('Addresses %s are two subjects', (_what, one, other) => {
    expect(addressSubject(one)).not.toBe(addressSubject(other))
  })

  test('A longer prefix can be asked for', () => {
    expect(addressSubject('2001:db8:1:2::1', { ipv6Prefix: 128 })).not.toBe(
      addressSubject('2001:db8:1:2::2', { ipv6Prefix: 128 }),
    )
    expect(addressSubject('2001:db8:1:2::1', { ipv6Prefix: 48 })).toBe(
      addressSubject('2001:db8:1:9::1', { ipv6Prefix: 48 }),
    )
  })

  test('A text that is no address is a subject of its own', () => {
    expect(addressSubject('unix socket')).toBe('unix socket')
  })

  test('A prefix that is out of range is refused', () => {
    expect(() => addressSubject('::1', { ipv6Prefix: 129 })).toThrow('ipv6Prefix')
  })
})
