import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openaiEmbedder } from '@headwater/search'

/** A private key of Ed25519, in PEM form: nearly all of it would fit into a message. */
function privateKey(passphrase?: string): string {
  const sealed = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }
  const { privateKey: key } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', ...sealed },
  })
  return key
}

function messageFor(options: object): string {
  try {
    openaiEmbedder({ apiKey: 's3cr3t', ...options })
  } catch (error) {
    return String(error)
  }
  return 'no error'
}

const key = privateKey()
const sealed = privateKey('s3cr3t')

describe('openaiEmbedder', () => {
  test('Says that it is case-sensitive where it was told so', () => {
    const told = (options: object) => openaiEmbedder({ apiKey: 'k', ...options }).isCaseSensitive
    expect([told({}), told({ isCaseSensitive: true })]).toEqual([false, true])
  })
})

describe('openaiEmbedder with options that cannot be', () => {
  test.each<[string, object]>([
    ['tls.cert', { tls: { cert: key, key } }],
    ['tls.ca', { tls: { ca: key } }],
    ['tls.key', { tls: { key: sealed } }],
    ['tls.passphrase', { tls: { passphrase: 's3cr3t' } }],
    ['isCaseSensitive', { isCaseSensitive: 'yes' }],
    ['apikey', { apikey: 's3cr3t' }],
    ['apiKey', { apiKey: ['s3cr3t'] }],
  ])('Names %s, and shows neither key nor passphrase', (name, options) => {
    const message = messageFor(options)
    expect(message).toContain(`InvalidOptions: openaiEmbedder: ${name}: `)
    for (const secret of ['s3cr3t', 'PRIVATE KEY', ...key.split('\n'), ...sealed.split('\n')])
      if (secret !== '') expect(message).not.toContain(secret)
  })
})
