import { randomBytes } from 'node:crypto'
import { orThrow } from '@headwater/core'
import type { KeyRing, RepositoriesOptions } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'
import { dumpOf } from './store-dump.ts'

const keys = { k1: randomBytes(32), k2: randomBytes(32) }
const indexKey = randomBytes(32)
let ring: KeyRing
let fixture: RepositoriesFixture

/** A word that no store may hold. */
const canary = 'c4n4ry'
const address = '203.0.113.77'

const encryptedFields = (): RepositoriesOptions => ({
  encryptedFields: {
    users: ['email', 'fullName'],
    activity: ['ipAddress', 'userAgent'],
    keyRing: () => ring,
    indexKey,
  },
})

beforeAll(async () => {
  ring = { current: 'k1', keys }
  fixture = await openFixture({ repositories: encryptedFields() })
})
beforeEach(() => {
  ring = { current: 'k1', keys }
})
afterAll(() => fixture.dispose())

let people = 0
function person() {
  people += 1
  return {
    email: `${canary}.${people}@example.com`,
    username: `student${people}`,
    passwordHash: 'hash',
    fullName: `Ada ${canary} ${people}`,
    metadata: { ipAddress: address, userAgent: `${canary} browser`, referrer: 'https://a.example' },
  }
}

describe('Encrypted fields', () => {
  test('Every operation returns clear text, and no store holds any of it', async () => {
    const { users, activity } = fixture
    const given = person()
    const user = orThrow(await users.create(given))
    expect(user).toMatchObject({ email: given.email, fullName: given.fullName })
    expect(orThrow(await users.get(user.id))).toEqual(user)
    expect(orThrow(await users.get(user.id))).toEqual(user)
    expect(orThrow(await users.getMany([user.id])).get(user.id)).toEqual(user)
    expect(orThrow(await users.findByEmail(given.email.toUpperCase()))).toEqual(user)
    expect(orThrow(await users.findByUsername(given.username))).toEqual(user)
    expect(orThrow(await users.list()).items).toContainEqual(user)
    expect(orThrow(await users.credentials(given.email))).toMatchObject({ userId: user.id })
    const changed = orThrow(await users.update(user.id, { fullName: `Countess ${canary}` }))
    expect(changed).toMatchObject({ email: given.email, fullName: `Countess ${canary}` })
    const moved = orThrow(await users.update(user.id, { email: `new.${given.email}` }))
    expect(orThrow(await users.findByEmail(given.email))).toBeUndefined()
    expect(orThrow(await users.findByEmail(moved.email))).toEqual(moved)
    orThrow(await users.changePassword(user.id, 'another'))
    orThrow(
      activity.record({ userId: user.id, type: 'course.viewed', metadata: given.metadata }),
    )
    await activity.flush()
    await fixture.deliver()
    const { items } = orThrow(await activity.list({ userId: user.id }))
    expect(items.map(({ metadata }) => metadata)).toEqual(items.map(() => given.metadata))
    expect(items.map(({ type }) => type).sort()).toEqual(['course.viewed', 'user.registered'])
    const exported = orThrow(await users.export(user.id))
    expect(exported.profile).toMatchObject({ email: moved.email })
    expect(exported.activity).toEqual(expect.arrayContaining(items))
    const dump = await dumpOf(fixture)
    expect(dump).toContain('enc:1:k1:')
    expect(dump).not.toContain(canary)
    expect(dump).not.toContain(address)
  })

  test('Users who register together are encrypted each under their own row', async () => {
    const given = Array.from({ length: 20 }, person)
    const created = await Promise.all(given.map((one) => fixture.users.create(one)))
    for (const [index, user] of created.entries())
      expect(orThrow(user)).toMatchObject({
        email: given[index]?.email,
        fullName: given[index]?.fullName,
      })
    expect(await dumpOf(fixture)).not.toContain(canary)
  })

  test('An address is unique whatever its case', async () => {
    const given = person()
    orThrow(await fixture.users.create(given))
    const again = { ...person(), email: given.email.toUpperCase() }
    expect((await fixture.users.create(again))._unsafeUnwrapErr().type).toBe('email-taken')
    const other = orThrow(await fixture.users.create(person()))
    const moved = await fixture.users.update(other.id, { email: given.email })
    expect(moved._unsafeUnwrapErr().type).toBe('email-taken')
  })

  test('A cleared name leaves no encrypted text', async () => {
    const user = orThrow(await fixture.users.create(person()))
    expect(orThrow(await fixture.users.update(user.id, { fullName: null })).fullName).toBeNull()
    expect(orThrow(await fixture.users.get(user.id))?.fullName).toBeNull()
  })

  test('A text that was copied into another row is refused there', async () => {
    const [one, other] = [person(), person()]
    const [{ id: from }, { id: to }] = [
      orThrow(await fixture.users.create(one)),
      orThrow(await fixture.users.create(other)),
    ]
    await fixture.stores.postgres.query(
      'UPDATE @schema.users SET sealed = (SELECT sealed FROM @schema.users WHERE id = $1) WHERE id = $2',
      [from, to],
    )
    const found = await fixture.users.findByUsername(other.username)
    expect(found._unsafeUnwrapErr()).toMatchObject({ type: 'encryption-failed', reason: 'altered' })
    orThrow(await fixture.users.delete(to))
  })

  test('A missing key is a failure, never an absent user, and passes with the key', async () => {
    const user = orThrow(await fixture.users.create(person()))
    ring = { current: 'k2', keys: { k2: keys.k2 } }
    const failure = { type: 'encryption-failed', reason: 'key-missing', keyId: 'k1' }
    expect((await fixture.users.get(user.id))._unsafeUnwrapErr()).toMatchObject(failure)
    expect((await fixture.users.list())._unsafeUnwrapErr()).toMatchObject(failure)
    ring = { current: 'k1', keys }
    expect(orThrow(await fixture.users.get(user.id))).toEqual(user)
  })

  test('A process that was not told of encrypted addresses fails, and shows no index', async () => {
    const user = orThrow(await fixture.users.create(person()))
    const plain = await fixture.openAnother({})
    const read = await plain.users.get(user.id)
    expect(read.isErr()).toBe(true)
    const listed = await plain.users.list()
    expect(listed._unsafeUnwrapErr()).toMatchObject({ reason: 'not-configured' })
    await plain.close()
  })
})

describe('rotate', () => {
  test('Everything is encrypted with the current key, and the former one can go', async () => {
    const given = person()
    const user = orThrow(await fixture.users.create(given))
    orThrow(fixture.activity.record({ userId: user.id, type: 'course.viewed', metadata: given.metadata }))
    await fixture.activity.flush()
    ring = { current: 'k2', keys }
    const report = orThrow(await orFail(fixture).rotate({ batch: 3 }))
    expect(report.users).toBeGreaterThan(0)
    expect(report.activity).toBeGreaterThan(0)
    expect(await dumpOf(fixture)).not.toContain('enc:1:k1:')
    ring = { current: 'k2', keys: { k2: keys.k2 } }
    expect(orThrow(await fixture.users.get(user.id))).toEqual(user)
    expect(orThrow(await orFail(fixture).rotate())).toEqual({
      users: 0,
      origins: 0,
      waiting: 0,
      activity: 0,
    })
    ring = { current: 'k1', keys }
    orThrow(await orFail(fixture).rotate())
  })

  test('A run that was aborted is continued by the next one', async () => {
    await Promise.all(Array.from({ length: 10 }, () => fixture.users.create(person())))
    ring = { current: 'k2', keys }
    const aborted = new AbortController()
    const counted = orFail(fixture).rotate({ batch: 2, signal: aborted.signal })
    aborted.abort()
    const first = orThrow(await counted)
    const second = orThrow(await orFail(fixture).rotate({ batch: 2 }))
    expect(first.users).toBeLessThanOrEqual(2)
    expect(second.users).toBeGreaterThanOrEqual(8)
    ring = { current: 'k1', keys }
    orThrow(await orFail(fixture).rotate())
  })

  test('Rows of before are found, kept unique, and encrypted', async () => {
    const plain = await openFixture()
    const given = person()
    const user = orThrow(await plain.users.create(given))
    const sealed = await plain.openAnother(encryptedFields())
    expect(orThrow(await sealed.users.findByEmail(given.email))).toEqual(user)
    const again = await sealed.users.create({ ...person(), email: given.email })
    expect(again._unsafeUnwrapErr().type).toBe('email-taken')
    const report = orThrow(await orFail(sealed).rotate())
    expect(report).toMatchObject({ users: 1, origins: 1 })
    await eventually(async () => {
      expect(orThrow(await sealed.users.get(user.id))).toEqual(user)
      expect(await dumpOf(plain)).not.toContain(canary)
    })
    await sealed.close()
    await plain.dispose()
  })

  test('Fields that are no longer named are decrypted', async () => {
    const own = await openFixture({ repositories: encryptedFields() })
    const given = person()
    const user = orThrow(await own.users.create(given))
    const open = await own.openAnother({ encryptedFields: { keyRing: ring } })
    expect(orThrow(await orFail(open).rotate()).users).toBe(1)
    await open.close()
    const plain = await own.openAnother({})
    expect(orThrow(await plain.users.findByEmail(given.email))).toEqual(user)
    await plain.close()
    await own.dispose()
  })
})

function orFail({ encryption }: Pick<RepositoriesFixture, 'encryption'>) {
  if (encryption === undefined) throw new Error('nothing is encrypted')
  return encryption
}
