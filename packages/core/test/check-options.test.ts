import { describe, expect, test } from 'vitest'
import { checkOptions, option, strictOptions } from '../src/check-options.ts'

const rules = strictOptions({
  password: option.count(),
  apiKey: option.count(),
  tls: strictOptions({ key: option.count() }),
  text: option.count(),
})

const valid = { password: 1, apiKey: 1, tls: { key: 1 }, text: 1 }

function messageFor(options: object): string {
  try {
    checkOptions('open', rules, { ...valid, ...options })
  } catch (error) {
    return String(error)
  }
  return 'no error'
}

describe('checkOptions', () => {
  test('Names the function, the option, the rule and the value', () => {
    expect(messageFor({ text: 'five' })).toBe(
      'InvalidOptions: open: text: expected a whole number: got "five"',
    )
  })

  test.each([
    ['password', { password: 's3cr3t' }],
    ['apiKey', { apiKey: 's3cr3t' }],
    ['tls.key', { tls: { key: 's3cr3t' } }],
    ['tls', { tls: 's3cr3t' }],
    ['tls.passphrase', { tls: { key: 1, passphrase: 's3cr3t' } }],
    ['pasword', { pasword: 's3cr3t' }],
    ['api_key', { api_key: 's3cr3t' }],
  ])('Names %s, and shows no secret', (name, options) => {
    const message = messageFor(options)
    expect(message).toContain(`open: ${name}: `)
    expect(message).not.toContain('s3cr3t')
    expect(message).not.toContain('got')
  })
})
