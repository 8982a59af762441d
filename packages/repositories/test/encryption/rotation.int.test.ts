import { orThrow } from '@headwater/core'
import type { KeyRing } from '@headwater/repositories'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failureOf, openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'
import {
  canary,
  columnsOf,
  encrypting,
  encryptionOf,
  indexKey,
  keys,
  metadata,
  person,
} from './encrypted-fixture.ts'
import { dumpOf } from './store-dump.ts'

const [former, both, latter]: readonly KeyRing[] = [
  { current: 'k1', keys: { k1: keys.k1 } },
  { current: 'k2', keys },
  { current: 'k2', keys: { k2: keys.k2 } },
]

/** The time that the return of MongoDB may take to be noticed. */
const noticed = { timeoutMs: 120_000 }

let ring: KeyRing | undefined
let mongodb: FaultProxy
let fixture: RepositoriesFixture

beforeAll(async () => {
  fixture = await openFixture({
    repositories: {
      ...encrypting(() => ring ?? { current: '', keys: {} }),
      activity: { writeDeadlineMs: 2_000, retryMs: 50 },
    },
    connect: async (options, parts) => {
      mongodb = await faultProxy(parts.mongodb.url)
      return { ...options, mongodb: { url: mongodb.url, database: parts.mongodb.database } }
    },
  })
})
beforeEach(async () => {
  mongodb.restore()
  ring = { current: 'k1', keys }
  orThrow(await encryptionOf(fixture).rotate())
  ring = former
})
afterAll(async () => {
  await fixture.dispose()
  await mongodb.close()
})

const rotate = async (batch?: number) =>
  orThrow(await encryptionOf(fixture).rotate(batch === undefined ? {} : { batch }))

const nothing = { users: 0, origins: 0, waiting: 0, activity: 0, left: 0, leftRows: [] }

describe('rotate', () => {
  test('Everything is encrypted with the current key, and the former one can go', async () => {
    const user = orThrow(await fixture.users.create(person()))
    orThrow(fixture.activity.record({ userId: user.id, type: 'page.opened', metadata }))
    await fixture.activity.flush()
    orThrow(await fixture.users.get(user.id))
    ring = both
    expect(await rotate(1)).toMatchObject({ origins: 1, activity: 1, left: 0 })
    expect((await dumpOf(fixture)).everything).not.toContain('enc:1:k1:')
    ring = latter
    expect(orThrow(await fixture.users.get(user.id))).toEqual(user)
    expect(await rotate()).toEqual(nothing)
    await fixture.deliver()
    const { items } = orThrow(await fixture.activity.list({ userId: user.id }))
    expect(items.map((item) => item.metadata)).toEqual([metadata, metadata])
  })

  test('Activity that waits for MongoDB is encrypted anew where it waits', async () => {
    mongodb.cut()
    const user = await fixture.newUser()
    orThrow(fixture.activity.record({ userId: user.id, type: 'page.opened', metadata }))
    await fixture.activity.flush()
    await eventually(async () => {
      expect((await dumpOf(fixture)).tables['activity_spill']).toContain('enc:1:k1:')
    })
    ring = both
    const failed = await encryptionOf(fixture).rotate()
    expect(failureOf(failed)).toMatchObject({ store: 'mongodb' })
    const { tables } = await dumpOf(fixture)
    expect(tables['activity_spill']).toContain('enc:1:k2:')
    expect(tables['activity_spill']).not.toContain('enc:1:k1:')
    mongodb.restore()
    const seen = async () => {
      const { items } = orThrow(await fixture.activity.list({ userId: user.id }))
      expect(items.map((item) => item.metadata)).toEqual([metadata])
    }
    await eventually(seen, noticed)
    // A process that had taken it up again by then has written it as it was.
    await rotate()
    ring = latter
    await seen()
  })

  test('A run that was aborted says so, and is continued by the next one', async () => {
    const users = await Promise.all(
      Array.from({ length: 10 }, () => fixture.users.create(person())),
    )
    const ids = users.map((user) => orThrow(user).id)
    ring = both
    const aborted = AbortSignal.abort()
    const none = await encryptionOf(fixture).rotate({ signal: aborted })
    expect(failureOf(none).type).toBe('deadline-exceeded')
    const controller = new AbortController()
    const stop = fixture.stores.diagnostics.on('transaction:end', () => {
      controller.abort()
    })
    const some = await encryptionOf(fixture).rotate({ batch: 2, signal: controller.signal })
    stop()
    expect(failureOf(some).type).toBe('deadline-exceeded')
    const keyIds = async () => {
      const all = await Promise.all(ids.map((id) => columnsOf(fixture, id)))
      return new Set(all.map((row) => row?.sealed?.['email']?.split(':')[2]))
    }
    expect(await keyIds()).toContain('k1')
    await rotate(2)
    expect(await keyIds()).toEqual(new Set(['k2']))
    expect(await rotate()).toEqual(nothing)
  })

  test('Users who change meanwhile are encrypted anew all the same, and keep their changes', async () => {
    const ids = (
      await Promise.all(Array.from({ length: 30 }, () => fixture.users.create(person())))
    ).map((user) => orThrow(user).id)
    ring = both
    const [report] = await Promise.all([
      rotate(3),
      ...ids.map((id) => fixture.users.update(id, { fullName: `Changed ${id}` })),
    ])
    expect(report.left).toBe(0)
    ring = latter
    const found = orThrow(await fixture.users.getMany(ids))
    expect(ids.map((id) => found.get(id)?.fullName)).toEqual(ids.map((id) => `Changed ${id}`))
    expect(await rotate()).toEqual(nothing)
  })

  test('A row that was altered is left and named, and those behind it are done', async () => {
    const broken = orThrow(await fixture.users.create(person()))
    const behind = orThrow(await fixture.users.create(person()))
    const change = `
      UPDATE @schema.users
      SET sealed = jsonb_set(sealed, '{fullName}', '"enc:1:k1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA"')
      WHERE id = $1`
    orThrow(await fixture.stores.postgres.query(change, [broken.id]))
    ring = both
    const report = await rotate(1)
    expect(report.left).toBe(1)
    expect(report.leftRows).toEqual([{ table: 'users', row: broken.id, reason: 'altered' }])
    ring = latter
    expect(orThrow(await fixture.users.get(behind.id))).toEqual(behind)
    ring = former
    const mended = orThrow(await fixture.users.update(broken.id, { fullName: 'Mended' }))
    expect(mended.fullName).toBe('Mended')
    orThrow(await fixture.users.delete(behind.id))
  })

  test('A missing key ends the run as a failure', async () => {
    orThrow(await fixture.users.create(person()))
    ring = latter
    const failed = await encryptionOf(fixture).rotate()
    expect(failureOf(failed)).toMatchObject({ reason: 'key-missing', keyId: 'k1' })
  })

  test('Without MongoDB the report does not say that the activity is done', async () => {
    const { mongodb: _, ...connection } = fixture.options
    const other = await fixture.openAnother(encrypting({ current: 'k1', keys }), connection)
    expect(orThrow(await encryptionOf(other).rotate()).activity).toBeUndefined()
    await other.close()
  })
})

describe('To begin and to end', () => {
  test('Rows of before are found, kept unique, and encrypted', async () => {
    const plain = await openFixture()
    const given = person()
    const user = orThrow(await plain.users.create(given))
    const sealed = await plain.openAnother(encrypting({ current: 'k1', keys }))
    expect(orThrow(await sealed.users.findByEmail(given.email))).toEqual(user)
    expect(orThrow(await sealed.users.credentials(given.email))?.userId).toBe(user.id)
    const again = { ...person(), email: given.email.toUpperCase() }
    expect(failureOf(await sealed.users.create(again)).type).toBe('email-taken')
    const other = orThrow(await sealed.users.create(person()))
    const moved = await sealed.users.update(other.id, { email: given.email })
    expect(failureOf(moved).type).toBe('email-taken')
    expect(orThrow(await encryptionOf(sealed).rotate())).toMatchObject({ users: 1, origins: 1 })
    expect(orThrow(await sealed.users.get(user.id))).toEqual(user)
    expect((await dumpOf(plain)).everything).not.toContain(canary)
    await sealed.close()
    await plain.dispose()
  })

  test('Fields that are no longer named are found, kept unique, and decrypted', async () => {
    const own = await openFixture({ repositories: encrypting({ current: 'k1', keys }) })
    const given = person()
    const user = orThrow(await own.users.create(given))
    const ending = await own.openAnother({
      encryptedFields: { keyRing: { current: 'k1', keys }, indexKey },
    })
    expect(orThrow(await ending.users.findByEmail(given.email))).toEqual(user)
    const again = { ...person(), email: given.email.toUpperCase() }
    expect(failureOf(await ending.users.create(again)).type).toBe('email-taken')
    const renamed = orThrow(await ending.users.update(user.id, { fullName: 'Grace' }))
    expect(orThrow(await encryptionOf(ending).rotate()).users).toBe(1)
    expect(orThrow(await ending.users.get(user.id))).toEqual(renamed)
    await ending.close()
    const plain = await own.openAnother({})
    expect(orThrow(await plain.users.findByEmail(given.email))).toEqual(renamed)
    await plain.close()
    await own.dispose()
  })

  test('An address that two rows have is left, and its row named', async () => {
    const plain = await openFixture()
    const given = person()
    const sealed = await plain.openAnother(encrypting({ current: 'k1', keys }))
    orThrow(await sealed.users.create(given))
    const twin = orThrow(await plain.users.create({ ...person(), email: given.email }))
    const behind = orThrow(await plain.users.create(person()))
    const report = orThrow(await encryptionOf(sealed).rotate({ batch: 2 }))
    expect(report).toMatchObject({ users: 1, left: 1 })
    expect(report.leftRows).toEqual([{ table: 'users', row: twin.id, reason: 'in-use' }])
    expect((await columnsOf(plain, behind.id))?.sealed).not.toBeNull()
    await sealed.close()
    await plain.dispose()
  })

  test('Clear text can be refused, and its address is not looked for', async () => {
    const plain = await openFixture()
    const user = orThrow(await plain.users.create(person()))
    const options = encrypting({ current: 'k1', keys })
    const strict = await plain.openAnother({
      encryptedFields: { ...options.encryptedFields, clearText: 'refuse' },
    })
    expect(failureOf(await strict.users.get(user.id))).toMatchObject({ reason: 'clear-text' })
    expect(orThrow(await strict.users.findByEmail(user.email))).toBeUndefined()
    const report = orThrow(await encryptionOf(strict).rotate())
    expect(report.leftRows).toContainEqual({ table: 'users', row: user.id, reason: 'clear-text' })
    const fresh = orThrow(await strict.users.create(person()))
    expect(orThrow(await strict.users.findByEmail(fresh.email))).toEqual(fresh)
    await strict.close()
    await plain.dispose()
  })
})
