import { err, ok, orThrow, transaction } from '@headwater/core'
import type { DiagnosticEvents, Result } from '@headwater/core'
import type { User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, openFixture, passwordHash, publishedEvents } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

/** The ends of the transactions that `work` ran. */
async function transactionsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const outcomes: string[] = []
  const note = ({ outcome }: DiagnosticEvents['transaction:end']) => outcomes.push(outcome)
  const stop = fixture.stores.diagnostics.on('transaction:end', note)
  await work()
  stop()
  return outcomes
}

const nameOf = async (id: number) => orThrow(await fixture.users.get(id))?.fullName

const all = <T>(count: number, make: (n: number) => PromiseLike<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)))

describe('changes at the same time', () => {
  test('share a transaction, and each has its event and its new profile', async () => {
    const users = await all(20, () => fixture.newUser())
    const outcomes = await transactionsOf(async () => {
      const changed = await all(20, (n) =>
        fixture.users.update(users[n]?.id ?? 0, { fullName: `Name ${n}` }),
      )
      expect(changed.map((one) => orThrow(one).fullName)).toEqual(users.map((_, n) => `Name ${n}`))
    })
    expect(outcomes).toEqual(['committed'])
    expect(await all(20, (n) => nameOf(users[n]?.id ?? 0))).toEqual(
      users.map((_, n) => `Name ${n}`),
    )
    const events = await publishedEvents(fixture.stores)
    for (const { id } of users)
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'user.updated', aggregateId: String(id), version: 2 }),
      )
  })

  test('are answered each as if it were alone', async () => {
    const [fine, taken, conflicting, nulled] = await all(4, () =>
      fixture.newUser({ fullName: 'X' }),
    )
    const answers = await Promise.all([
      fixture.users.update(fine?.id ?? 0, { role: 'author', expectedVersion: 1 }),
      fixture.users.update(taken?.id ?? 0, { email: fine?.email.toUpperCase() }),
      fixture.users.update(conflicting?.id ?? 0, { fullName: 'Y', expectedVersion: 7 }),
      fixture.users.update(nulled?.id ?? 0, { fullName: null }),
      fixture.users.update(999_999, { fullName: 'Z' }),
    ])
    expect(answers.map((answer) => (answer.isOk() ? 'ok' : answer.error.type))).toEqual([
      'ok',
      'email-taken',
      'version-conflict',
      'ok',
      'not-found',
    ])
    expect(orThrow(await fixture.users.get(fine?.id ?? 0))).toMatchObject({
      role: 'author',
      version: 2,
      fullName: 'X',
    })
    expect(await nameOf(nulled?.id ?? 0)).toBeNull()
    expect(await nameOf(conflicting?.id ?? 0)).toBe('X')
  })

  test('of one profile are carried out in their order', async () => {
    const changeInTurn = async () => {
      const [{ id }, startedAt] = [await fixture.newUser(), performance.now()]
      const changed = await all(5, (n) => fixture.users.update(id, { fullName: `Name ${n}` }))
      return { id, changed, tookMs: performance.now() - startedAt }
    }
    const { id, changed } = await eventually(
      async () => {
        const turns = await changeInTurn()
        // After a second they would no longer wait for their turn.
        return turns.tookMs <= 900 && turns
      },
      { timeoutMs: 120_000 },
    )
    expect(changed.map((one) => orThrow(one).version)).toEqual([2, 3, 4, 5, 6])
    expect(await nameOf(id)).toBe('Name 4')
  })

  test('do not wait for one whose row another transaction has locked', async () => {
    const [locked, free] = await all(2, () => fixture.newUser())
    let change: Promise<unknown> | undefined
    await transaction(
      fixture.stores,
      async (tx) => {
        await tx.query('SELECT FROM @schema.users WHERE id = $1 FOR UPDATE', [locked?.id])
        change = Promise.resolve(fixture.users.update(locked?.id ?? 0, { fullName: 'Late' }))
        const other = await fixture.users.update(free?.id ?? 0, { fullName: 'Soon' })
        return other.isOk() ? ok(undefined) : err(other.error)
      },
      { deadlineMs: 60_000 },
    ).match(
      () => undefined,
      (failure) => {
        throw new Error(failure.message)
      },
    )
    await change
    expect([await nameOf(locked?.id ?? 0), await nameOf(free?.id ?? 0)]).toEqual(['Late', 'Soon'])
  })

  test('of one profile wait for each other here, and not each in a connection of its own', async () => {
    const { id } = await fixture.newUser()
    const blocked = async () =>
      orThrow(
        await fixture.stores.postgres.query<{ count: number }>(
          `SELECT count(*)::int FROM pg_stat_activity
           WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        ),
      ).rows[0]?.count ?? 0
    let changes: Promise<readonly Result<User, unknown>[]> | undefined
    const most = await transaction(
      fixture.stores,
      async (tx) => {
        await tx.query('SELECT FROM @schema.users WHERE id = $1 FOR UPDATE', [id])
        const endsAt = performance.now() + 700
        changes = all(20, (n) => fixture.users.update(id, { fullName: `Name ${n}` }))
        let count = 0
        for (;;) {
          const seen = await blocked()
          // Later they would no longer wait for their turn.
          if (performance.now() > endsAt) return ok(count)
          count = Math.max(count, seen)
        }
      },
      { deadlineMs: 60_000 },
    )
    expect(orThrow(most)).toBeLessThanOrEqual(1)
    expect((await changes)?.every((one) => one.isOk())).toBe(true)
  })

  test('leave out one whose caller gave up before they began, and let go of one that gives up later', async () => {
    const [before, later, other] = await all(3, () => fixture.newUser({ fullName: 'Old' }))
    const [early, late] = [new AbortController(), new AbortController()]
    const answers = Promise.all([
      fixture.users.update(before?.id ?? 0, { fullName: 'New' }, { signal: early.signal }),
      fixture.users.update(later?.id ?? 0, { fullName: 'New' }, { signal: late.signal }),
      fixture.users.update(other?.id ?? 0, { fullName: 'New' }),
    ])
    early.abort()
    setImmediate(() => {
      setImmediate(() => {
        late.abort()
      })
    })
    const [first, second, third] = await answers
    expect(failureOf(first).type).toBe('deadline-exceeded')
    expect(second.isErr() && second.error.type).toBe('deadline-exceeded')
    expect(third.isOk()).toBe(true)
    expect(await nameOf(before?.id ?? 0)).toBe('Old')
    // What had begun with others is carried out.
    await eventually(async () => {
      expect(await nameOf(later?.id ?? 0)).toBe('New')
    })
  })

  test('beyond those that share a transaction gather behind it', async () => {
    const ids = await fixture.manyUsers(300)
    await eventually(async () => {
      const outcomes = await transactionsOf(async () => {
        for (const answer of await all(300, (n) =>
          fixture.users.update(ids[n] ?? 0, { fullName: 'Many' }),
        ))
          expect(answer.isOk()).toBe(true)
      })
      expect(outcomes.length).toBe(5)
    })
  })
})

describe('registrations at the same time', () => {
  const newUser = (n: number) => ({
    email: `together${n}@example.com`,
    username: `together${n}`,
    passwordHash: `${passwordHash}${n}`,
    role: n % 2 === 0 ? 'student' : 'author',
    metadata: n === 3 ? { ipAddress: '192.0.2.3' } : {},
  })

  test('share a transaction, and each has its own password, origin and event', async () => {
    const outcomes = await transactionsOf(async () => {
      const users = await all(10, (n) => fixture.users.create(newUser(n)))
      for (const [n, answer] of users.entries()) {
        const user = orThrow(answer)
        expect(user).toMatchObject({ email: newUser(n).email, role: newUser(n).role, version: 1 })
        const credentials = orThrow(await fixture.users.credentials(user.email))
        expect(credentials).toEqual({ userId: user.id, passwordHash: `${passwordHash}${n}` })
      }
    })
    expect(outcomes).toEqual(['committed'])
    const { rows } = orThrow(
      await fixture.stores.postgres.query(
        `SELECT email FROM @schema.user_origin JOIN @schema.users ON id = user_id WHERE ip_address = '192.0.2.3'`,
      ),
    )
    expect(rows).toEqual([{ email: 'together3@example.com' }])
    const events = await publishedEvents(fixture.stores)
    expect(events.filter(({ type }) => type === 'user.registered').length).toBeGreaterThanOrEqual(
      10,
    )
  })

  test('are refused only where the address or the name is taken', async () => {
    const base = { passwordHash }
    const answers = await Promise.all([
      fixture.users.create({ ...base, email: 'one@example.com', username: 'one' }),
      fixture.users.create({ ...base, email: 'ONE@example.com', username: 'another' }),
      fixture.users.create({ ...base, email: 'two@example.com', username: 'One' }),
      fixture.users.create({ ...base, email: 'three@example.com', username: 'three' }),
      fixture.users.create({ ...base, email: 'together1@example.com', username: 'four' }),
    ])
    expect(answers.map((answer) => (answer.isOk() ? 'ok' : answer.error.type))).toEqual([
      'ok',
      'email-taken',
      'username-taken',
      'ok',
      'email-taken',
    ])
  })

  test('are told apart although a trigger of the host changes the addresses', async () => {
    orThrow(
      await fixture.stores.postgres.query(`
        CREATE FUNCTION @schema.lower_email() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN NEW.email := lower(NEW.email); RETURN NEW; END $$;
        CREATE TRIGGER lower_email BEFORE INSERT ON @schema.users
          FOR EACH ROW EXECUTE FUNCTION @schema.lower_email()`),
    )
    const users = await all(4, (n) =>
      fixture.users.create({
        email: `Trigger${n}@Example.com`,
        username: `trigger${n}`,
        passwordHash,
      }),
    )
    expect(users.map((one) => orThrow(one).email)).toEqual(
      users.map((_, n) => `trigger${n}@example.com`),
    )
    orThrow(await fixture.stores.postgres.query('DROP TRIGGER lower_email ON @schema.users'))
  })

  test('are finished before the stores close', async () => {
    const another = await fixture.openAnother()
    const users = all(100, (n) =>
      another.users.create({ email: `last${n}@example.com`, username: `last${n}`, passwordHash }),
    )
    await another.close()
    for (const user of await users) expect(user.isOk()).toBe(true)
  })
})
