import { InvalidOptions } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { Redactor } from '../../src/activity/redaction.ts'

const activity = () => ({
  data: {
    email: 'ada@example.com',
    form: { email: 'x', kept: 1 },
    guests: [{ email: 'y', name: 'z' }, 5, null],
    list: ['a'],
  },
  metadata: { ipAddress: '192.168.1.77', userAgent: 'curl', referrer: undefined },
})

const badReplacements = [
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  ['is undefined', () => undefined],
  ['cannot be stored', () => 'a\0b'],
  ['has a polluting key', () => JSON.parse('{"__proto__":1}') as object as { a: 1 }],
] as const

const unknownFields = [
  'ip_address',
  'metadata',
  'metadata.ip',
  'metadata.ip_address.x',
  'event_data',
  'event_data.',
  'event_data..a',
  'user_id',
  '',
]

describe('Redactor', () => {
  test('A redactor removes fields by their name in the document, also in nested objects and lists', () => {
    const { data, metadata } = new Redactor([
      'metadata.ip_address',
      'metadata.referrer',
      'event_data.email',
      'event_data.form.email',
      'event_data.guests.email',
      'event_data.missing.deep',
    ]).redact(activity())
    expect(data).toEqual({ form: { kept: 1 }, guests: [{ name: 'z' }, 5, null], list: ['a'] })
    expect(metadata).toEqual({ userAgent: 'curl' })
  })

  test('A redactor replaces a field', () => {
    const truncate = {
      field: 'metadata.ip_address',
      replace: (address: unknown) => String(address).replace(/\d+$/, '0'),
    }
    expect(new Redactor([truncate]).redact(activity()).metadata.ipAddress).toBe('192.168.1.0')
  })

  test.each(badReplacements)(
    'A redactor removes a field whose replacement %s',
    (_what, replace) => {
      expect(
        new Redactor([{ field: 'event_data.email', replace }]).redact(activity()).data,
      ).not.toHaveProperty('email')
    },
  )

  test.each(unknownFields)('A redactor refuses the field %j, which no activity has', (field) => {
    expect(() => new Redactor([field])).toThrow(InvalidOptions)
  })
})
