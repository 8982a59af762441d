import { orThrow } from '@headwater/core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFixture, passwordHash } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

const names = ['ada', 'grace', 'mary'] as const
const people = 4

type Operation =
  | {
      readonly kind: 'create'
      readonly email: number
      readonly username: number
      readonly isShouted: boolean
    }
  | {
      readonly kind: 'rename'
      readonly user: number
      readonly username: number
      readonly version: 'current' | 'another' | 'any'
    }
  | {
      readonly kind: 'readdress'
      readonly user: number
      readonly email: number
      readonly isShouted: boolean
    }
  | { readonly kind: 'call'; readonly user: number; readonly fullName: string | null }
  | { readonly kind: 'delete' | 'change-password'; readonly user: number }

const [user, name] = [fc.nat(people - 1), fc.nat(names.length - 1)]
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      email: name,
      username: name,
      isShouted: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('rename' as const),
      user,
      username: name,
      version: fc.constantFrom('current' as const, 'another' as const, 'any' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('readdress' as const),
      user,
      email: name,
      isShouted: fc.boolean(),
    }),
  },
  fc.record({
    kind: fc.constant('call' as const),
    user,
    fullName: fc.constantFrom(null, 'Countess', 'Admiral'),
  }),
  fc.record({ kind: fc.constantFrom('delete' as const, 'change-password' as const), user }),
)

interface ModelUser {
  id: number
  email: string
  username: string
  fullName: string | null
  version: number
}

/** What users promise, in memory: who is there, in the order of their coming. */
class Model {
  readonly users: ModelUser[] = []
  readonly #suffix: string

  constructor(suffix: string) {
    this.#suffix = suffix
  }

  emailOf(index: number, isShouted = false): string {
    const email = `${names[index] ?? ''}.${this.#suffix}@example.org`
    return isShouted ? email.toUpperCase() : email
  }

  usernameOf(index: number): string {
    return `${names[index] ?? ''}-${this.#suffix}`
  }

  /** The outcomes that are right: two where both of two names are taken. */
  outcomes(given: Operation): readonly string[] {
    const self = 'user' in given ? this.users[given.user] : undefined
    if ('user' in given && self === undefined) return ['not-found']
    if (given.kind === 'rename' && given.version === 'another') return ['version-conflict']
    const others = this.users.filter((other) => other !== self)
    const taken = [
      ...('email' in given && others.some(({ email }) => email === this.emailOf(given.email))
        ? ['email-taken']
        : []),
      ...('username' in given &&
      others.some(({ username }) => username === this.usernameOf(given.username))
        ? ['username-taken']
        : []),
    ]
    return taken.length > 0 ? taken : ['ok']
  }

  apply(given: Operation, id: number, version: number): void {
    if (given.kind === 'create')
      this.users.push({
        id,
        email: this.emailOf(given.email),
        username: this.usernameOf(given.username),
        fullName: null,
        version,
      })
    else if (given.kind === 'delete') this.users.splice(given.user, 1)
    else Object.assign(this.users[given.user] as ModelUser, { version }, this.#changes(given))
  }

  #changes(given: Operation): Partial<ModelUser> {
    switch (given.kind) {
      case 'rename':
        return { username: this.usernameOf(given.username) }
      case 'readdress':
        return { email: this.emailOf(given.email) }
      case 'call':
        return { fullName: given.fullName }
      default:
        return {}
    }
  }
}

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(async () => {
  await fixture.dispose()
})

async function play(model: Model, given: Operation): Promise<void> {
  const { users } = fixture
  const self = 'user' in given ? model.users[given.user] : undefined
  const id = self?.id ?? 999_999_999
  const result = await (() => {
    switch (given.kind) {
      case 'create':
        return users.create({
          email: model.emailOf(given.email, given.isShouted),
          username: model.usernameOf(given.username),
          passwordHash,
        })
      case 'rename':
        return users.update(id, {
          username: model.usernameOf(given.username),
          ...(given.version !== 'any' && {
            expectedVersion: (self?.version ?? 1) + (given.version === 'another' ? 1 : 0),
          }),
        })
      case 'readdress':
        return users.update(id, { email: model.emailOf(given.email, given.isShouted) })
      case 'call':
        return users.update(id, { fullName: given.fullName })
      case 'change-password':
        return users.changePassword(id, `${passwordHash}2`)
      case 'delete':
        return users.delete(id).map(() => undefined)
    }
  })()
  const outcome = result.isOk() ? 'ok' : result.error.type
  expect(model.outcomes(given), JSON.stringify(given)).toContain(outcome)
  if (result.isOk()) model.apply(given, result.value?.id ?? id, result.value?.version ?? 0)
}

/**
 * Every way of reading them shows what the model has: by id, together, by address, by name, and as
 * rows.
 */
async function expectAlike(model: Model, gone: readonly number[]): Promise<void> {
  const { users, stores } = fixture
  const shown = (
    found:
      | { id: number; email: string; username: string; fullName: string | null; version: number }
      | undefined,
  ) =>
    found && {
      id: found.id,
      email: found.email.toLowerCase(),
      username: found.username,
      fullName: found.fullName,
      version: found.version,
    }
  const many = orThrow(await users.getMany([...model.users.map(({ id }) => id), ...gone]))
  expect([...many.values()].map(shown)).toEqual(model.users)
  for (const one of model.users) {
    expect(shown(orThrow(await users.get(one.id)))).toEqual(one)
    expect(shown(orThrow(await users.findByEmail(one.email.toUpperCase())))).toEqual(one)
    expect(shown(orThrow(await users.findByUsername(one.username)))).toEqual(one)
  }
  for (const id of gone) expect(orThrow(await users.get(id))).toBeUndefined()
  for (const index of names.keys()) {
    expect(orThrow(await users.findByEmail(model.emailOf(index)))?.id).toBe(
      model.users.find(({ email }) => email === model.emailOf(index))?.id,
    )
  }
  const { rows } = orThrow(
    await stores.postgres.query<{ id: number }>(
      'SELECT id FROM @schema.users WHERE id = ANY ($1) ORDER BY id',
      [[...model.users.map(({ id }) => id), ...gone]],
    ),
  )
  expect(rows.map(({ id }) => id)).toEqual(model.users.map(({ id }) => id))
}

let runs = 0

test('Users do what a model in memory does, and every way of reading shows it after each operation', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (operations) => {
      const [model, gone] = [new Model(`run${(runs += 1)}`), [] as number[]]
      for (const given of operations) {
        const before = model.users.map(({ id }) => id)
        await play(model, given)
        gone.push(...before.filter((id) => !model.users.some((left) => left.id === id)))
        await expectAlike(model, gone)
      }
    }),
    { numRuns: 20 },
  )
})
