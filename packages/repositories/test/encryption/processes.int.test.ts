import { connect, defineCache, orThrow } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { Repositories } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createContext } from '../../src/context.ts'
import { failureOf, openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'
import { canary, columnsOf, encrypting, indexKey, keys, person } from './encrypted-fixture.ts'

const ring = { current: 'k1', keys }
/** What a process has that is to name fields next. */
const reading = { encryptedFields: { keyRing: ring, indexKey } }

type Other = Repositories & { close(): Promise<void> }

let fixture: RepositoriesFixture
let plain: Other
let reader: Other

beforeAll(async () => {
  fixture = await openFixture({ repositories: encrypting(ring) })
  plain = await fixture.openAnother({})
  reader = await fixture.openAnother(reading)
})
afterAll(async () => {
  await plain.close()
  await reader.close()
  await fixture.dispose()
})

describe('A process without `encryptedFields`', () => {
  const failure = { type: 'encryption-failed', reason: 'not-configured' }

  test('fails to read encrypted profiles, from the cache and from PostgreSQL', async () => {
    const given = person()
    const user = orThrow(await fixture.users.create(given))
    orThrow(await fixture.users.get(user.id))
    const clear = orThrow(await plain.users.create(person()))
    const answers: readonly Result<unknown, unknown>[] = [
      await plain.users.get(user.id),
      await plain.users.getMany([user.id, clear.id]),
      await plain.users.findByUsername(given.username),
      await plain.users.list(),
      await plain.users.export(user.id),
    ]
    for (const answer of answers) expect(failureOf(answer)).toMatchObject(failure)
    expect(orThrow(await plain.users.get(clear.id))).toEqual(clear)
    expect(orThrow(await plain.users.getMany([clear.id])).get(clear.id)).toEqual(clear)
  })

  test('changes none, alone or together, and nothing is lost', async () => {
    const user = orThrow(await fixture.users.create(person()))
    const clear = orThrow(await plain.users.create(person()))
    const before = await columnsOf(fixture, user.id)
    const answers: readonly Result<unknown, unknown>[] = [
      await plain.users.update(user.id, { fullName: 'Grace' }),
      await plain.users.update(user.id, { fullName: null }),
      await plain.users.update(user.id, { email: 'grace@example.com' }),
      await plain.users.update(user.id, { role: 'author' }),
      await plain.users.changePassword(user.id, 'another'),
    ]
    for (const answer of answers) expect(failureOf(answer)).toMatchObject(failure)
    const together = await Promise.all([
      plain.users.update(clear.id, { role: 'author' }),
      plain.users.update(user.id, { role: 'author' }),
    ])
    expect(together.map((one) => one.isOk())).toEqual([true, false])
    expect(await columnsOf(fixture, user.id)).toEqual(before)
    expect(orThrow(await fixture.users.get(user.id))).toEqual(user)
  })

  test('delivers no registration whose origin is encrypted, and the next one does', async () => {
    const user = orThrow(await fixture.users.create(person()))
    await expect(fixture.deliver(plain.sinks)).rejects.toThrow('encryption-failed')
    await fixture.deliver()
    const { items } = orThrow(await fixture.activity.list({ userId: user.id }))
    expect(items.map(({ metadata }) => metadata.ipAddress)).toEqual(['203.0.113.77'])
  })

  test('fails to read activity that is encrypted', async () => {
    const user = orThrow(await fixture.users.create(person()))
    await fixture.deliver()
    expect(failureOf(await plain.activity.list({ userId: user.id }))).toMatchObject(failure)
  })
})

describe('A release that knows nothing of encrypted fields', () => {
  test('may cache a profile without them: the row is read', async () => {
    const user = orThrow(await fixture.users.create(person()))
    const stores = orThrow(await connect(fixture.options))
    const former = defineCache<number, { id: number }>(stores, {
      name: 'user',
      ttlMs: 60_000,
      load: async (ids, sql) => {
        const { rows } = await sql.query<{ id: number; email: string; fullName: string | null }>(
          `SELECT id, email, username, full_name AS "fullName", role, version::integer AS version,
             '2026-01-01T00:00:00.000Z' AS "createdAt", '2026-01-01T00:00:00.000Z' AS "updatedAt"
           FROM @schema.users WHERE id = ANY ($1::integer[])`,
          [ids],
        )
        return new Map(rows.map((row) => [row.id, row]))
      },
    })
    orThrow(await fixture.users.update(user.id, { role: 'author' }))
    expect(orThrow(await former.get(user.id))).toMatchObject({ fullName: 'enc:1:sealed' })
    const read = orThrow(await fixture.users.get(user.id))
    expect(read).toEqual({ ...user, role: 'author', version: 2, updatedAt: read?.updatedAt })
    expect(orThrow(await fixture.users.getMany([user.id])).get(user.id)).toEqual(read)
    expect(failureOf(await plain.users.get(user.id))).toMatchObject({ reason: 'not-configured' })
    orThrow(await stores.close())
  })

  test.each(["full_name = 'Grace'", 'full_name = NULL', "email = 'grace@example.com'"])(
    'cannot change a column beside its encrypted text: %s',
    async (change) => {
      const user = orThrow(await fixture.users.create(person()))
      const text = `UPDATE @schema.users SET ${change}, version = version + 1 WHERE id = $1`
      const refused = await fixture.stores.postgres.query(text, [user.id])
      expect(failureOf(refused)).toMatchObject({ constraint: 'users_sealed_check' })
      const other = 'UPDATE @schema.users SET version = version + 1 WHERE id = $1'
      orThrow(await fixture.stores.postgres.query(other, [user.id]))
    },
  )
})

describe('A process that has the keys and names no field yet', () => {
  test('reads and finds what is encrypted', async () => {
    const given = person()
    const user = orThrow(await fixture.users.create(given))
    expect(orThrow(await reader.users.get(user.id))).toEqual(user)
    expect(orThrow(await reader.users.findByEmail(given.email.toUpperCase()))).toEqual(user)
    expect(orThrow(await reader.users.credentials(given.email))?.userId).toBe(user.id)
  })

  test('and one that encrypts never register an address twice, in either order', async () => {
    for (const [one, other] of [
      [reader, fixture],
      [fixture, reader],
    ] as const) {
      const given = person()
      orThrow(await one.users.create(given))
      const again = { ...person(), email: given.email.toUpperCase() }
      expect(failureOf(await other.users.create(again)).type).toBe('email-taken')
    }
  })

  test('and one that encrypts never register an address twice, at the same time', async () => {
    for (let round = 0; round < 25; round += 1) {
      const given = person()
      const answers = await Promise.all([
        fixture.users.create(given),
        reader.users.create({ ...given, username: `${given.username}b` }),
        fixture.users.create(person()),
        reader.users.create(person()),
      ])
      const taken = answers.map((one) => (one.isOk() ? 'ok' : one.error.type)).sort()
      expect(taken).toEqual(['email-taken', 'ok', 'ok', 'ok'])
    }
  })
})

describe('The near tier', () => {
  test('holds encrypted text alone', async () => {
    const user = orThrow(await fixture.users.create(person()))
    const stores = orThrow(await connect({ ...fixture.options, near: { maxBytes: 4_000_000 } }))
    const { caches } = createContext(stores, {}, undefined)
    const held = await eventually(async () => {
      orThrow(await caches.users.get(user.id))
      const value = caches.users.peek(user.id)
      expect(value).toBeDefined()
      return JSON.stringify(value)
    })
    expect(held).toContain('enc:1:k1:')
    expect(held).not.toContain(canary)
    orThrow(await stores.close())
  })
})
