import { inspect } from 'node:util'
import { orThrow, ok, transaction } from '@headwater/core'
import type { User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aDate,
  countOperations,
  documents,
  failureOf,
  openFixture,
  passwordHash,
  publishedEvents,
  redisContents,
} from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

/** The origin of a registration that waits for the activity log. */
async function originsOf({ id }: User) {
  const { rows } = orThrow(
    await fixture.stores.postgres.query('SELECT * FROM @schema.user_origin WHERE user_id = $1', [
      id,
    ]),
  )
  return rows
}

describe('users.create', () => {
  test('create returns the profile as it is stored', async () => {
    const user = orThrow(
      await fixture.users.create({
        email: 'Ada@Example.com',
        username: 'ada',
        passwordHash,
        fullName: 'Ada Lovelace',
        role: 'instructor',
      }),
    )
    expect(user).toStrictEqual({
      id: user.id,
      email: 'Ada@Example.com',
      username: 'ada',
      fullName: 'Ada Lovelace',
      role: 'instructor',
      version: 1,
      createdAt: aDate,
      updatedAt: aDate,
    })
    expect(orThrow(await fixture.users.get(user.id))).toStrictEqual(user)
  })

  test('create stores the password hash it was given', async () => {
    const user = await fixture.newUser()
    const { rows } = orThrow(
      await fixture.stores.postgres.query('SELECT password_hash FROM @schema.users WHERE id = $1', [
        user.id,
      ]),
    )
    expect(rows).toEqual([{ password_hash: passwordHash }])
  })

  test('create warms the profile in the background, so later reads ask PostgreSQL nothing', async () => {
    const user = orThrow(
      await fixture.users.create({ email: 'warm@example.com', username: 'warm', passwordHash }),
    )
    await eventually(async () => {
      expect((await redisContents(fixture)).get(`user:${user.id}`)).toContain(user.email)
    })
    await eventually(async () => {
      const asked = await countOperations(fixture.stores, async () => {
        expect(orThrow(await fixture.users.get(user.id))).toStrictEqual(user)
      })
      expect(asked.filter((operation) => operation.startsWith('postgres'))).toEqual([])
    })
  })

  test('Address and browser of a registration reach the activity log, and nothing keeps a copy', async () => {
    const metadata = { ipAddress: '192.0.2.7', userAgent: 'Firefox/1', referrer: 'https://a.test/' }
    const [user, other] = [await fixture.newUser({ metadata }), await fixture.newUser()]
    const events = await publishedEvents(fixture.stores)
    expect(inspect(events, { depth: null, maxArrayLength: null })).not.toContain('192.0.2.7')
    await fixture.deliver()
    await fixture.deliver()
    const registrationOf = async ({ id: userId }: User) =>
      orThrow(await fixture.activity.list({ userId, type: 'user.registered' })).items
    expect(await registrationOf(user)).toMatchObject([{ data: { role: 'student' }, metadata }])
    expect(await registrationOf(other)).toMatchObject([{ metadata: {} }])
    expect(await originsOf(user)).toEqual([])
  })

  test('Address and browser of a registration are redacted before they leave the process', async () => {
    const redacting = await fixture.openAnother({ activity: { redact: ['metadata.ip_address'] } })
    const user = orThrow(
      await redacting.users.create({
        email: 'redacted@example.com',
        username: 'redacted',
        passwordHash,
        metadata: { ipAddress: '192.0.2.8', userAgent: 'Firefox/2' },
      }),
    )
    await redacting.close()
    expect(await originsOf(user)).toMatchObject([{ ip_address: null, user_agent: 'Firefox/2' }])
  })

  test('The role of a registration is redacted as the data of all activity is', async () => {
    const user = await fixture.newUser({ role: 'instructor' })
    const redacting = await fixture.openAnother({
      activity: { redact: [{ field: 'event_data.role', replace: () => 'someone' }] },
    })
    await fixture.deliver(redacting.sinks)
    await redacting.close()
    const { items } = orThrow(await fixture.activity.list({ userId: user.id }))
    expect(items).toMatchObject([{ type: 'user.registered', data: { role: 'someone' } }])
  })

  test('A user who is deleted before the registration is logged leaves no address', async () => {
    const user = await fixture.newUser({ metadata: { ipAddress: '192.0.2.9' } })
    orThrow(await fixture.users.delete(user.id))
    expect(await originsOf(user)).toEqual([])
    await fixture.deliver()
    expect(JSON.stringify(await documents(fixture, 'user_activity'))).not.toContain('192.0.2.9')
  })

  test('create publishes user.registered without personal data', async () => {
    const user = await fixture.newUser({ fullName: 'Grace Hopper' })
    const events = (await publishedEvents(fixture.stores)).filter(
      (event) => event.aggregateId === String(user.id) && event.aggregateType === 'user',
    )
    expect(events).toMatchObject([
      { type: 'user.registered', version: 1, payload: { userId: user.id, role: 'student' } },
    ])
    expect(inspect(events, { depth: null })).not.toMatch(/Grace|@example/)
  })

  test('An e-mail address that differs from a taken one in case only is email-taken', async () => {
    await fixture.newUser({ email: 'taken@example.com' })
    const refused = await fixture.users.create({
      email: 'TAKEN@example.com',
      username: 'another',
      passwordHash,
    })
    expect(failureOf(refused)).toMatchObject({ type: 'email-taken', retryable: false })
  })

  test('A taken name is username-taken', async () => {
    await fixture.newUser({ username: 'taken' })
    const refused = await fixture.users.create({
      email: 'free@example.com',
      username: 'taken',
      passwordHash,
    })
    expect(failureOf(refused)).toMatchObject({ type: 'username-taken', retryable: false })
    expect(orThrow(await fixture.users.findByEmail('free@example.com'))).toBeUndefined()
  })

  test('One of many simultaneous registrations of an e-mail address succeeds', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        fixture.users.create({ email: 'race@example.com', username: `race${index}`, passwordHash }),
      ),
    )
    expect(results.filter((result) => result.isOk())).toHaveLength(1)
    expect(
      new Set(results.flatMap((result) => (result.isErr() ? [result.error.type] : []))),
    ).toEqual(new Set(['email-taken']))
  })

  test('A new user is seen by a reader who asked for the id before it existed', async () => {
    const before = await fixture.newUser()
    expect(orThrow(await fixture.users.get(before.id + 1))).toBeUndefined()
    const user = await fixture.newUser()
    expect(orThrow(await fixture.users.get(user.id))).toStrictEqual(user)
  })
})

describe('users.get', () => {
  const fullNames = [['Jean Bartik'], [null]] as const
  test.each(fullNames)(
    'Profiles from PostgreSQL, the cache and a transaction are deeply equal (full name: %s)',
    async (fullName) => {
      const { id } = await fixture.newUser({ fullName })
      orThrow(await fixture.users.update(id, { role: 'instructor' }))
      const loaded = orThrow(await fixture.users.get(id))
      await eventually(async () => {
        const asked = await countOperations(fixture.stores, async () => {
          expect(orThrow(await fixture.users.get(id))).toStrictEqual(loaded)
        })
        expect(asked.filter((operation) => operation.startsWith('postgres'))).toEqual([])
      })
      const inside = await transaction(fixture.stores, async (tx) =>
        ok(orThrow(await fixture.users.get(id, { tx }))),
      )
      expect(orThrow(inside)).toStrictEqual(loaded)
      expect(loaded).toMatchObject({ fullName, createdAt: aDate })
    },
  )

  test('Repeated reads of a user who does not exist ask PostgreSQL once', async () => {
    let id = 900_000
    await eventually(async () => {
      id += 1
      const asked = await countOperations(fixture.stores, async () => {
        for (let read = 0; read < 5; read += 1)
          expect(orThrow(await fixture.users.get(id))).toBeUndefined()
      })
      expect(asked.filter((operation) => operation.startsWith('postgres'))).toHaveLength(1)
    })
  })

  test('A read in a transaction sees what that transaction wrote', async () => {
    const { id } = await fixture.newUser()
    orThrow(
      await transaction(fixture.stores, async (tx) => {
        await tx.query('UPDATE @schema.users SET role = $2 WHERE id = $1', [id, 'auditor'])
        expect(orThrow(await fixture.users.get(id, { tx }))).toMatchObject({ role: 'auditor' })
        expect(
          orThrow(
            await fixture.users.findByEmail(
              (await fixture.users.get(id))._unsafeUnwrap()?.email ?? '',
              { tx },
            ),
          ),
        ).toMatchObject({ role: 'auditor' })
        tx.invalidate()
        return ok(undefined)
      }),
    )
  })
})

describe('users.getMany', () => {
  test('getMany returns the users that exist, with one statement', async () => {
    const [first, second] = [await fixture.newUser(), await fixture.newUser()]
    let missing = 880_000
    await eventually(async () => {
      missing += 1
      orThrow(await fixture.users.update(first.id, { role: 'a' }))
      orThrow(await fixture.users.update(second.id, { role: 'b' }))
      const asked = await countOperations(fixture.stores, async () => {
        const found = orThrow(await fixture.users.getMany([second.id, missing, first.id, first.id]))
        expect([...found.keys()].sort((a, b) => a - b)).toEqual([first.id, second.id])
        expect(found.get(first.id)?.role).toBe('a')
      })
      expect(asked.filter((operation) => operation.startsWith('postgres'))).toHaveLength(1)
    })
  })

  test('getMany without ids returns nothing and asks nothing', async () => {
    expect(
      await countOperations(fixture.stores, async () => {
        expect(orThrow(await fixture.users.getMany([])).size).toBe(0)
      }),
    ).toEqual([])
  })
})

describe('users.findByEmail', () => {
  test('findByEmail ignores the case', async () => {
    const user = await fixture.newUser({ email: 'Mixed.Case@Example.com' })
    expect(orThrow(await fixture.users.findByEmail('mixed.case@example.COM'))).toStrictEqual(user)
    expect(orThrow(await fixture.users.findByEmail('nobody@example.com'))).toBeUndefined()
  })
})

describe('users.update', () => {
  test('An update sets given fields, leaves absent ones and clears those that are null', async () => {
    const user = await fixture.newUser({ fullName: 'Old Name' })
    const renamed = orThrow(await fixture.users.update(user.id, { fullName: 'New Name' }))
    expect(renamed).toStrictEqual({
      ...user,
      fullName: 'New Name',
      version: 2,
      updatedAt: renamed.updatedAt,
    })
    expect(
      orThrow(
        await fixture.users.update(user.id, { fullName: null, email: `new${user.id}@example.com` }),
      ),
    ).toMatchObject({
      fullName: null,
      email: `new${user.id}@example.com`,
      username: user.username,
      version: 3,
    })
    expect(orThrow(await fixture.users.get(user.id))).toMatchObject({ fullName: null, version: 3 })
  })

  test('An update of an unknown user is not-found', async () => {
    expect(failureOf(await fixture.users.update(999_999, { role: 'x' }))).toMatchObject({
      type: 'not-found',
      entity: 'user',
      id: '999999',
    })
  })

  test('An update with expectedVersion changes only that version', async () => {
    const user = await fixture.newUser()
    orThrow(await fixture.users.update(user.id, { role: 'first', expectedVersion: 1 }))
    expect(
      failureOf(await fixture.users.update(user.id, { role: 'second', expectedVersion: 1 })),
    ).toMatchObject({ type: 'version-conflict', id: String(user.id) })
    expect(orThrow(await fixture.users.get(user.id))).toMatchObject({ role: 'first', version: 2 })
    expect(
      failureOf(await fixture.users.update(999_999, { role: 'x', expectedVersion: 1 })).type,
    ).toBe('not-found')
  })

  test('An update refuses the e-mail address and the name of another user', async () => {
    const [user, other] = [await fixture.newUser(), await fixture.newUser()]
    expect(
      failureOf(await fixture.users.update(user.id, { email: other.email.toUpperCase() })).type,
    ).toBe('email-taken')
    expect(failureOf(await fixture.users.update(user.id, { username: other.username })).type).toBe(
      'username-taken',
    )
    expect(orThrow(await fixture.users.get(user.id))).toStrictEqual(user)
  })

  test('user.updated carries the names of the changed fields and not their values', async () => {
    const user = await fixture.newUser()
    orThrow(await fixture.users.update(user.id, { fullName: 'Secret Name' }))
    const events = (await publishedEvents(fixture.stores)).filter(
      (event) => event.type === 'user.updated' && event.aggregateId === String(user.id),
    )
    expect(events).toMatchObject([
      { version: 2, payload: { userId: user.id, changed: ['fullName'] } },
    ])
  })
})

test('The password hash is in no profile, cache entry, event, document, error or diagnostic', async () => {
  const { users, stores, activity } = fixture
  const said: unknown[] = []
  for (const name of [
    'store:operation',
    'store:error',
    'transaction:end',
    'outbox:published',
    'cache:fill',
  ] as const)
    stores.diagnostics.on(name, (event) => said.push(event))
  const user = await fixture.newUser({ fullName: 'Has A Hash' })
  said.push(
    user,
    await users.get(user.id),
    await users.getMany([user.id]),
    await users.findByEmail(user.email),
    await users.update(user.id, { role: 'x' }),
    failureOf(await users.create({ email: user.email, username: 'other', passwordHash })),
    failureOf(
      await users.create({ email: 'other@example.com', username: user.username, passwordHash }),
    ),
    failureOf(await users.create({ email: 'no-address', username: 'other', passwordHash })),
  )
  orThrow(
    await stores.postgres.query(
      "ALTER TABLE @schema.users ADD CONSTRAINT no_robots CHECK (username <> 'robot')",
    ),
  )
  const refused = failureOf(
    await users.create({ email: 'robot@example.com', username: 'robot', passwordHash }),
  )
  expect(refused).toMatchObject({ type: 'constraint-violated', constraint: 'no_robots' })
  await fixture.deliver()
  await activity.flush()
  const everywhere = inspect(
    [
      said,
      refused,
      await redisContents(fixture),
      await publishedEvents(stores),
      await documents(fixture, 'user_activity'),
    ],
    { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null },
  )
  expect(everywhere).toContain('Has A Hash')
  expect(everywhere).not.toContain(passwordHash)
})

describe('users.credentials', () => {
  test('credentials returns the hash of the address, whatever its case, and nothing else', async () => {
    const user = await fixture.newUser({
      email: 'Login@Example.com',
      passwordHash: `${passwordHash}/own`,
    })
    expect(orThrow(await fixture.users.credentials('login@example.COM'))).toStrictEqual({
      userId: user.id,
      passwordHash: `${passwordHash}/own`,
    })
  })

  test('credentials of an unknown address is undefined', async () => {
    expect(orThrow(await fixture.users.credentials('unknown@example.com'))).toBeUndefined()
  })

  test('credentials asks PostgreSQL every time and leaves nothing in Redis', async () => {
    const user = await fixture.newUser()
    await eventually(async () => {
      const asked = await countOperations(fixture.stores, async () => {
        for (const _ of [1, 2])
          expect(orThrow(await fixture.users.credentials(user.email))?.userId).toBe(user.id)
      })
      expect(asked.filter((operation) => operation === 'postgres: select users')).toHaveLength(2)
    })
    expect([...(await redisContents(fixture)).values()].join()).not.toContain(passwordHash)
  })

  test('credentials refuses a text that is not an address without asking a store', async () => {
    const asked = await countOperations(fixture.stores, async () => {
      expect(failureOf(await fixture.users.credentials('nobody'))).toMatchObject({
        type: 'invalid-input',
        field: 'email',
      })
    })
    expect(asked).toEqual([])
  })
})
