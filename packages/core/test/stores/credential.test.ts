import { execFile } from 'node:child_process'
import { inspect, promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Credential, readCredential } from '../../src/stores/credential.ts'

const read = { option: 'redis.password', deadlineMs: 50 }

const working: readonly (readonly [string, Credential])[] = [
  ['A text', 's3cr3t'],
  ['What a function returns', () => 's3cr3t'],
  ['What a function promises', async () => 's3cr3t'],
]

const failing: readonly (readonly [string, Credential, string])[] = [
  ['fails', () => Promise.reject(new Error('vault says s3cr3t')), 'failed'],
  ['returns no text', () => '', 'returned no text'],
  ['returns the line of a file', () => 's3cr3t\n', 'returned a text with a line break'],
  ['never answers', () => new Promise(() => undefined), 'did not answer within 40 ms'],
]

describe('readCredential', () => {
  test.each(working)('%s is the secret', async (_, credential) => {
    expect(await readCredential(credential, read)).toBe('s3cr3t')
  })

  test.each(failing)('A function that %s is named, without the secret', async (_, ask, words) => {
    const error: unknown = await readCredential(ask, read).catch((reason: unknown) => reason)
    const shown = inspect(error, { showHidden: true, depth: null })
    expect(shown).toContain(`NotConnected: the function of \`redis.password\` ${words}`)
    expect(shown).not.toContain('s3cr3t')
  })

  test('A function whose program is not there is named, without its arguments', async () => {
    const ask = async () => (await promisify(execFile)('no-such-vault', ['s3cr3t'])).stdout
    const patient = { ...read, deadlineMs: 60_000 }
    const error: unknown = await readCredential(ask, patient).catch((reason: unknown) => reason)
    const shown = inspect(error, { showHidden: true, depth: null })
    expect(shown).toContain('the function of `redis.password` failed')
    expect(shown).toContain('ENOENT')
    expect(shown).not.toContain('s3cr3t')
  })
})
