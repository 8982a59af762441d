import { connect, orThrow } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failureOf, openFixture, passwordHash } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

/** A database whose own collation folds I to a dotless i. */
const turkish = "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' TEMPLATE template0"

let fixture: RepositoriesFixture
let database: string
let direct: Parameters<typeof connect>[0]
beforeAll(async () => {
  fixture = await openFixture({
    connect: async (options, { postgres }) => {
      direct = options
      const url = new URL(postgres.url)
      database = `${url.pathname.slice(1)}_turkish`
      await administer(`CREATE DATABASE "${database}" ${turkish}`)
      url.pathname = `/${database}`
      return { ...options, postgres: { ...options.postgres, url: url.href } }
    },
  })
})
afterAll(async () => {
  orThrow(await fixture.stores.close({ deadlineMs: 60_000 }))
  await administer(`DROP DATABASE "${database}" WITH (FORCE)`)
  await fixture.parts.dispose()
})

async function administer(statement: string): Promise<void> {
  const stores = orThrow(await connect(direct))
  orThrow(await stores.postgres.query(statement))
  orThrow(await stores.close({ deadlineMs: 60_000 }))
}

let serial = 0
const register = async (user: { email?: string; username?: string }) => {
  serial += 1
  const names = { email: `name${serial}@example.org`, username: `name${serial}` }
  return fixture.users.create({ ...names, passwordHash, ...user })
}

test('An address is one address in any case, whatever the collation of the database', async () => {
  const user = orThrow(await register({ email: 'info@example.org' }))
  expect(failureOf(await register({ email: 'INFO@EXAMPLE.ORG' })).type).toBe('email-taken')
  expect(orThrow(await fixture.users.credentials('Info@Example.org'))?.userId).toBe(user.id)
})

const addresses = [
  'user@example.xn--p1ai',
  'r&d@example.com',
  'department/shipping@example.com',
  'first!last@example.com',
  '#sales@example.com',
  'a~b@example.com',
  'x=1@example.com',
  "o'neil@example.org",
  'ada+x@example.museum',
  'ada@localhost',
]
test.each(addresses)('The address %s may register, as in a browser', async (email) => {
  expect(orThrow(await register({ email })).email).toBe(email)
})

const oneName: [string, string][] = [
  ['admin', 'Admin'],
  ['José', 'JOSÉ'],
  ['Ren\u00e9e', 'Rene\u0301e'],
  ['Iris', 'iris'],
  ['ﬁnn', 'finn'],
]
test.each(oneName)('The names %s and %s are one name', async (first, second) => {
  const user = orThrow(await register({ username: first }))
  expect(failureOf(await register({ username: second })).type).toBe('username-taken')
  expect(orThrow(await fixture.users.findByUsername(second))?.id).toBe(user.id)
})

const refused = [
  ' edge',
  'edge ',
  'edge\n',
  'two  spaces',
  'zero\u200bwidth',
  '\u202eoverride',
  'filler\u3164',
  '\u0430dmin',
  'tab\tname',
]
test.each(refused)('The name %j is refused, since it looks like another', async (username) => {
  expect(failureOf(await register({ username }))).toMatchObject({
    type: 'invalid-input',
    field: 'username',
  })
})

const accepted = [
  'ada_l',
  "O'Neil",
  'Ада',
  'Ελένη',
  '山田太郎',
  'かな カナ',
  'ada@example.org',
  'x-1.2+3',
]
test.each(accepted)('The name %s is accepted', async (username) => {
  expect(orThrow(await register({ username })).username).toBe(username.normalize('NFKC'))
})
