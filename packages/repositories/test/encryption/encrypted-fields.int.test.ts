import { inspect } from 'node:util'
import { orThrow } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { KeyRing } from '@headwater/repositories'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { failureOf, openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'
import {
  canary,
  columnsOf,
  encrypting,
  ipAddress,
  keys,
  metadata,
  person,
} from './encrypted-fixture.ts'
import { dumpOf } from './store-dump.ts'

let ring: KeyRing
let mongodb: FaultProxy
let fixture: RepositoriesFixture

beforeAll(async () => {
  fixture = await openFixture({
    repositories: {
      ...encrypting(() => ring),
      activity: { writeDeadlineMs: 2_000, retryMs: 50 },
    },
    connect: async (options, parts) => {
      mongodb = await faultProxy(parts.mongodb.url)
      return { ...options, mongodb: { url: mongodb.url, database: parts.mongodb.database } }
    },
  })
})
beforeEach(() => {
  ring = { current: 'k1', keys }
  mongodb.restore()
})
afterAll(async () => {
  await fixture.dispose()
  await mongodb.close()
})

const noClearText = (text: string) => {
  expect(text).not.toContain(canary)
  expect(text).not.toContain(ipAddress)
}

const twoUsers = async () =>
  [
    orThrow(await fixture.users.create(person())),
    orThrow(await fixture.users.create(person())),
  ] as const

describe('Encrypted fields', () => {
  test('Every operation returns clear text, and no store and no diagnostic holds any of it', async () => {
    const { users, courses, enrollments, activity, stores } = fixture
    const diagnostics: unknown[] = []
    const stop = stores.diagnostics.onAny((event) => void diagnostics.push(event))
    const given = person()
    const user = orThrow(await users.create(given))
    expect(user).toMatchObject({ email: given.email, fullName: given.fullName })
    expect(Object.keys(user)).not.toContain('sealed')
    expect((await dumpOf(fixture)).tables['user_origin']).toContain('enc:1:k1:')
    await fixture.deliver()
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
    const course = await fixture.newCourse()
    orThrow(await enrollments.enroll({ userId: user.id, courseId: course.id }))
    expect(orThrow(await courses.students(course.id)).items).toMatchObject([
      { id: user.id, email: moved.email, fullName: moved.fullName },
    ])
    const recorded = { userId: user.id, type: 'page.opened', metadata }
    orThrow(activity.record(recorded))
    orThrow(activity.recordMany([recorded, recorded]))
    await activity.flush()
    const { items } = orThrow(await activity.list({ userId: user.id }))
    expect(items.map((item) => item.metadata)).toEqual(Array.from({ length: 4 }, () => metadata))
    const exported = orThrow(await users.export(user.id))
    expect(exported.profile).toMatchObject({ email: moved.email, fullName: moved.fullName })
    expect(exported.activity).toHaveLength(4)
    orThrow(await users.get(user.id))
    const dump = await dumpOf(fixture)
    for (const part of [dump.tables['users'], dump.mongodb, dump.redis])
      expect(part).toContain('enc:1:k1:')
    expect(dump.redis).toContain(`user:${user.id}`)
    noClearText(dump.everything)
    stop()
    expect(diagnostics.length).toBeGreaterThan(10)
    noClearText(inspect(diagnostics, { depth: 20, showHidden: true, maxArrayLength: null }))
  })

  test('Activity that waits for MongoDB is encrypted, and reads the same when it is there', async () => {
    mongodb.cut()
    const user = await fixture.newUser()
    orThrow(fixture.activity.record({ userId: user.id, type: 'page.opened', metadata }))
    await fixture.activity.flush()
    const waiting = await eventually(async () => {
      const { tables } = await dumpOf(fixture)
      expect(tables['activity_spill']).toContain('enc:1:k1:')
      return tables['activity_spill'] ?? ''
    })
    noClearText(waiting)
    mongodb.restore()
    await eventually(async () => {
      const { items } = orThrow(await fixture.activity.list({ userId: user.id }))
      expect(items.map((item) => item.metadata)).toEqual([metadata])
    })
  })

  test('Users who register together are encrypted each under their own row', async () => {
    const given = Array.from({ length: 20 }, person)
    const created = await Promise.all(given.map((one) => fixture.users.create(one)))
    for (const [index, user] of created.entries())
      expect(orThrow(user)).toMatchObject({
        email: given[index]?.email,
        fullName: given[index]?.fullName,
      })
    noClearText((await dumpOf(fixture)).everything)
  })

  test('An address is unique whatever its case, one by one and together', async () => {
    const given = person()
    orThrow(await fixture.users.create(given))
    const again = { ...person(), email: given.email.toUpperCase() }
    expect(failureOf(await fixture.users.create(again)).type).toBe('email-taken')
    const together = await Promise.all(
      [person(), { ...person(), email: given.email.toUpperCase() }, person()].map((one) =>
        fixture.users.create(one),
      ),
    )
    expect(together.map((one) => one.isOk() || one.error.type)).toEqual([true, 'email-taken', true])
    const other = orThrow(await fixture.users.create(person()))
    const moved = await fixture.users.update(other.id, { email: given.email })
    expect(failureOf(moved).type).toBe('email-taken')
    const recased = { email: other.email.toUpperCase() }
    expect(orThrow(await fixture.users.update(other.id, recased))).toMatchObject(recased)
  })

  test('Changes at the same time are answered each as if it were alone', async () => {
    const [fine, taken, conflicting] = await Promise.all(
      [person(), person(), person()].map(async (one) => orThrow(await fixture.users.create(one))),
    )
    const answers = await Promise.all([
      fixture.users.update(fine?.id ?? 0, { fullName: 'Grace' }),
      fixture.users.update(taken?.id ?? 0, { email: fine?.email.toUpperCase() }),
      fixture.users.update(conflicting?.id ?? 0, { fullName: 'Y', expectedVersion: 7 }),
      fixture.users.update(999_999, { email: 'z@example.com' }),
    ])
    expect(answers.map((one) => (one.isOk() ? one.value.fullName : one.error.type))).toEqual([
      'Grace',
      'email-taken',
      'version-conflict',
      'not-found',
    ])
  })

  test('A cleared name leaves no encrypted text', async () => {
    const user = orThrow(await fixture.users.create(person()))
    expect(orThrow(await fixture.users.update(user.id, { fullName: null })).fullName).toBeNull()
    expect(orThrow(await fixture.users.get(user.id))?.fullName).toBeNull()
    const { full_name: column, sealed } = (await columnsOf(fixture, user.id)) ?? {}
    expect(column).toBeNull()
    expect(Object.keys(sealed ?? {})).toEqual(['email'])
  })

  test('A text of a name that was copied from another row is refused', async () => {
    const [from, to] = await twoUsers()
    const { sealed } = (await columnsOf(fixture, from.id)) ?? {}
    const change = `
      UPDATE @schema.users SET sealed = jsonb_set(sealed, '{fullName}', to_jsonb($2::text))
      WHERE id = $1`
    orThrow(await fixture.stores.postgres.query(change, [to.id, sealed?.['fullName']]))
    const found = await fixture.users.findByUsername(to.username)
    expect(failureOf(found)).toMatchObject({ reason: 'altered', field: 'users.fullName' })
    orThrow(await fixture.users.delete(to.id))
  })

  test('A blind index that was copied from another row is refused', async () => {
    const [from, to] = await twoUsers()
    const { email } = (await columnsOf(fixture, from.id)) ?? {}
    orThrow(await fixture.users.delete(from.id))
    const change = 'UPDATE @schema.users SET email = $2 WHERE id = $1'
    orThrow(await fixture.stores.postgres.query(change, [to.id, email]))
    const found = await fixture.users.findByEmail(from.email)
    expect(failureOf(found)).toMatchObject({ reason: 'altered', field: 'users.email' })
    orThrow(await fixture.users.delete(to.id))
  })

  test('A missing key is a failure, never an absent user, and passes with the key', async () => {
    const given = person()
    const { users } = fixture
    const user = orThrow(await users.create(given))
    ring = { current: 'k2', keys: { k2: keys.k2 } }
    const failure = { type: 'encryption-failed', reason: 'key-missing', keyId: 'k1' }
    const answers: readonly Result<unknown, unknown>[] = [
      await users.get(user.id),
      await users.getMany([user.id]),
      await users.list(),
      await users.findByEmail(given.email),
      await users.export(user.id),
      await users.update(user.id, { role: 'author' }),
      await users.changePassword(user.id, 'another'),
    ]
    for (const answer of answers) expect(failureOf(answer)).toMatchObject(failure)
    expect(orThrow(await users.credentials(given.email))).toMatchObject({ passwordHash: 'hash' })
    ring = { current: 'k1', keys }
    expect(orThrow(await users.get(user.id))).toEqual(user)
  })

  test('A function that throws, or whose key ring is none, is a failure everywhere', async () => {
    const user = orThrow(await fixture.users.create(person()))
    const rings: (() => unknown)[] = [
      () => undefined,
      () => ({ current: 'a.b', keys: { 'a.b': keys.k1 } }),
      () => ({ current: 'k1', keys: { k1: Buffer.alloc(8) } }),
      () => Promise.resolve({ current: 'k1', keys }),
      () => {
        throw new Error('no vault')
      },
    ]
    for (const source of rings) {
      const broken = await fixture.openAnother(encrypting(source as () => KeyRing))
      const answers: readonly Result<unknown, unknown>[] = [
        await broken.users.get(user.id),
        await broken.users.create(person()),
        broken.activity.record({ type: 'page.opened', metadata }),
      ]
      for (const answer of answers)
        expect(failureOf(answer)).toMatchObject({ reason: 'key-ring-invalid' })
      await broken.close()
    }
  })

  test('A registration whose origin was altered fails alone', async () => {
    const [broken, sound] = [
      orThrow(await fixture.users.create(person())),
      orThrow(await fixture.users.create(person())),
    ]
    const origin = 'UPDATE @schema.user_origin SET sealed = $2 WHERE user_id = $1'
    const sealed = JSON.stringify({ ipAddress: 'enc:1:k1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA' })
    orThrow(await fixture.stores.postgres.query(origin, [broken.id, sealed]))
    await expect(fixture.deliver()).rejects.toThrow('was altered')
    const { items } = orThrow(await fixture.activity.list({ userId: sound.id }))
    expect(items.map((item) => item.metadata)).toEqual([metadata])
    expect(orThrow(await fixture.activity.list({ userId: broken.id })).items).toEqual([])
    orThrow(await fixture.users.delete(broken.id))
  })
})
