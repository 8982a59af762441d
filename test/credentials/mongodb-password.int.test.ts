import { connect, orThrow, type Stores } from '@headwater/core'
import { eventually, isolate, type IsolatedStores, startMongodbStandIn } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type MongodbLogin, mongodbLogin } from './mongodb-login.ts'

type Password = string | (() => string | Promise<string>)

let own: IsolatedStores<'postgres' | 'redis'>
let standIn: Awaited<ReturnType<typeof startMongodbStandIn>>
let login: MongodbLogin
let current: string

beforeAll(async () => {
  own = await isolate(inject('stack'))
  standIn = await startMongodbStandIn()
  login = await mongodbLogin(standIn.url)
})
beforeEach(() => {
  current = 'first'
  login.expect(current)
  login.refuseAs('mongod')
})
afterAll(async () => {
  await login[Symbol.asyncDispose]()
  await standIn.stop()
  await own.dispose()
})

async function open(password: Password, deadlineMs = 2_000): Promise<Stores> {
  return orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
      mongodb: { url: login.url, database: 'learning', password, deadlineMs },
    }),
  )
}

async function failureOf(stores: Stores): Promise<string | undefined> {
  const pinged = await stores.mongodb?.run('ping', (database) => database.command({ ping: 1 }))
  return pinged?.isErr() === true ? pinged.error.message : undefined
}

describe('The password of MongoDB', () => {
  test.each(['mongod', 'Atlas'] as const)(
    'A password that changes is used by the calls that come after that, where %s refuses the former one',
    async (server) => {
      login.refuseAs(server)
      await using stores = await open(async () => current)
      expect(await failureOf(stores)).toBeUndefined()
      const former = stores.mongodb?.client
      for (const password of ['second', 'third']) {
        login.expect(password)
        current = password
        login.cut()
        await eventually(async () => {
          expect(await failureOf(stores)).toBeUndefined()
        })
      }
      expect(stores.mongodb?.client).not.toBe(former)
      expect(new Set(login.tried)).toEqual(new Set(['first', 'second', 'third']))
    },
  )

  test('Many calls that are refused together make one client together', async () => {
    let asked = 0
    await using stores = await open(() => {
      asked += 1
      return current
    })
    expect(await failureOf(stores)).toBeUndefined()
    login.expect('second')
    current = 'second'
    login.cut()
    asked = 0
    await eventually(async () => {
      const failures = await Promise.all(Array.from({ length: 10 }, () => failureOf(stores)))
      expect(failures).toEqual(Array.from({ length: 10 }, () => undefined))
    })
    expect(asked).toBe(1)
  })

  test.each(['mongod', 'Atlas'] as const)(
    'A password that %s refuses again is a refusal, and asks for no further client',
    async (server) => {
      login.refuseAs(server)
      login.expect('another')
      await using stores = await open('first')
      const { client } = stores.mongodb ?? {}
      await eventually(async () => {
        expect(await failureOf(stores)).toContain('user or password was not accepted')
      })
      expect(stores.mongodb?.client).toBe(client)
    },
  )

  test('A function that fails is named, and asked again by the next call', async () => {
    let isSealed = true
    await using stores = await open(() => {
      if (isSealed) throw new Error('vault says s3cr3t')
      return current
    })
    await eventually(async () => {
      expect(await failureOf(stores)).toContain('the function of `mongodb.password` failed')
    })
    isSealed = false
    await eventually(async () => {
      expect(await failureOf(stores)).toBeUndefined()
    })
  })

  test('No other store waits for a function that does not answer, and no login is tried without it', async () => {
    const before = login.tried.length
    await using stores = await open(() => new Promise(() => undefined), 3_600_000)
    expect(await stores.isReady()).toBe(true)
    expect(login.tried).toHaveLength(before)
  })

  test('A function that is late is named', async () => {
    await using stores = await open(() => new Promise(() => undefined))
    await eventually(async () => {
      expect(await failureOf(stores)).toContain(
        'the function of `mongodb.password` did not answer within 1600 ms',
      )
    })
  })

  test('A password for no user is refused when connecting', async () => {
    const { url } = standIn
    const opened = await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url },
      mongodb: { url, database: 'learning', password: 'first' },
    })
    expect(opened._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input', field: 'mongodb.url' })
  })
})
