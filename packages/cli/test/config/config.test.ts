import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Stores } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStores } from '../../src/config/open-stores.ts'
import { Secrets } from '../../src/terminal/secrets.ts'
import { type Ran, runCli } from '../cli-fixture.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'headwater-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

const secret = 'correct-horse-battery'
const env = { HEADWATER_POSTGRES_URL: `postgresql://app:${secret}@127.0.0.1:1/shop` }

async function diagnoseWith(name: string, text: string): Promise<Ran & { readonly file: string }> {
  const file = path.join(folder, name)
  await writeFile(file, text)
  return { file, ...(await runCli(['doctor', '--json', '--config', file], { env })) }
}

const mistakes: readonly (readonly [name: string, text: string, message: string])[] = [
  ['throws.mjs', `throw new TypeError('no such region')`, 'no such region'],
  ['rejects.mjs', `export default async () => { throw new Error('no vault') }`, 'no vault'],
  ['broken.mjs', `export default {`, 'broken.mjs'],
  ['broken.json', `{ "connect": `, 'JSON'],
  ['stranger.mjs', `export default { redis: {} }`, 'redis is not known'],
  ['empty.mjs', `export const config = {}`, 'no default export'],
]

test.each(mistakes)(
  'A mistake in %s is wrong usage that names the file',
  async (name, text, message) => {
    const { code, out, file } = await diagnoseWith(name, text)
    expect(code).toBe(2)
    const { error } = JSON.parse(out) as { readonly error: { type: string; message: string } }
    expect(error.type).toBe('usage')
    expect(error.message).toContain(file)
    expect(error.message).toContain(message)
  },
)

test('A store that a configuration cannot connect is a failure, and no mistake in it', async () => {
  const text = `export default () => {
    throw Object.assign(new Error('down'), { failure: { type: 'store-unavailable' } })
  }`
  const { code, out } = await diagnoseWith('down.mjs', text)
  expect(code).toBe(1)
  expect(JSON.parse(out)).toEqual({
    version: 1,
    error: { type: 'store-unavailable', message: 'down' },
  })
})

test('A password in the message of a configuration is printed nowhere', async () => {
  const url = `postgresql://other:of-${secret}@host/shop`
  const text = `throw new Error('cannot use ${secret} nor ${url}')`
  const { out, err } = await diagnoseWith('tells.mjs', text)
  expect(out).toContain('cannot use *** nor postgresql://other:***@host/shop')
  expect(err).toContain('cannot use *** nor')
  expect(out + err).not.toContain(secret)
})

test('The password of the role that migrates is printed nowhere', async () => {
  const file = path.join(folder, 'migrates.mjs')
  const text = `export default {
    stores: { async [Symbol.asyncDispose]() {} },
    migrate: { url: 'postgresql://owner:of-the-schema@host/shop' },
    services() { throw new Error('refused of-the-schema') },
  }`
  await writeFile(file, text)
  const { err } = await runCli(['search', 'verify', '--config', file])
  expect(err).toContain('refused ***')
})

test('Services are made once for a command, however often it asks for them', async () => {
  let made = 0
  const services = () => {
    made += 1
    return {}
  }
  const config = { stores: {} as Stores, services }
  const opened = await openStores(config, { env: {}, secrets: new Secrets() })
  expect(await opened.services()).toBe(await opened.services())
  expect(made).toBe(1)
})
