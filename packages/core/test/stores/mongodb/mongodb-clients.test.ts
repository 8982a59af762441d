import type { Db, MongoClient } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { MongodbClients } from '../../../src/stores/mongodb/mongodb-clients.ts'

/** A client whose database has its password for a name. */
class StubClient {
  isClosed = false
  readonly #password: string

  constructor(password: string) {
    this.#password = password
  }

  db(): { readonly databaseName: string } {
    return { databaseName: this.#password }
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  removeAllListeners(): this {
    return this
  }
}

/** Clients whose password was `first`, or not known yet, and is now `second`. */
function clientsOf(first: string | undefined, second: string) {
  const made: StubClient[] = []
  const client = (password: string): MongoClient => {
    const stub = new StubClient(password)
    made.push(stub)
    return stub as unknown as MongoClient
  }
  let asked = 0
  const password = async (): Promise<string> => {
    asked += 1
    return second
  }
  const clients = new MongodbClients(client(first ?? 'unknown'), (one) => one.db(), {
    source: { client, password },
    password: first,
  })
  return { clients, asked: () => asked, closed: () => made.map(({ isClosed }) => isClosed) }
}

function refused(): Error {
  return Object.assign(new Error('refused'), { code: 18 })
}

/** The error of a client that has given up connecting. */
function givenUp(): Error {
  return Object.assign(new Error('given up'), { name: 'MongoTopologyClosedError' })
}

/** A call to a server that takes one password alone. */
function whereOnly(password: string) {
  return async ({ databaseName }: Db): Promise<string> => {
    if (databaseName !== password) throw refused()
    return databaseName
  }
}

const { signal } = new AbortController()

describe('MongodbClients', () => {
  test('A former client is closed when its last call has ended, and not before', async () => {
    const { clients, closed } = clientsOf('old', 'new')
    const held = Promise.withResolvers<undefined>()
    const last = clients.run(() => held.promise, signal)
    expect(await clients.run(whereOnly('new'), signal)).toBe('new')
    expect(closed()).toEqual([false, false])
    held.resolve(undefined)
    await last
    expect(closed()).toEqual([true, false])
  })

  test('Closing ends a former client under its last call too', async () => {
    const { clients, closed } = clientsOf('old', 'new')
    const held = Promise.withResolvers<undefined>()
    const last = clients.run(() => held.promise, signal)
    await clients.run(whereOnly('new'), signal)
    await clients.close()
    expect(closed()).toEqual([true, true])
    held.resolve(undefined)
    await last
  })

  test('A call that a former client has given up is made again on the next one', async () => {
    const { clients } = clientsOf('old', 'new')
    const held = Promise.withResolvers<undefined>()
    const called: string[] = []
    const last = clients.run(async ({ databaseName }) => {
      called.push(databaseName)
      if (databaseName === 'new') return
      await held.promise
      throw givenUp()
    }, signal)
    await clients.run(whereOnly('new'), signal)
    held.resolve(undefined)
    await last
    expect(called).toEqual(['old', 'new'])
  })

  test('A client in use that has given up is asked for no password', async () => {
    const { clients, asked } = clientsOf('old', 'new')
    await expect(clients.run(() => Promise.reject(givenUp()), signal)).rejects.toThrow('given up')
    expect(asked()).toBe(0)
  })

  test('Nothing is sent over a first client whose password is not known yet', async () => {
    const { clients, asked, closed } = clientsOf(undefined, 'new')
    const names = () => clients.run(async ({ databaseName }) => databaseName, signal)
    expect(await Promise.all([names(), names()])).toEqual(['new', 'new'])
    expect(asked()).toBe(1)
    expect(closed()).toEqual([true, false])
  })

  test('Closed before its password is known, it makes no client', async () => {
    const { clients, closed } = clientsOf(undefined, 'new')
    const last = clients.run(whereOnly('new'), signal)
    await clients.close()
    await expect(last).rejects.toThrow('the client is closed')
    expect(closed()).toEqual([true])
  })

  test('A refused call that was given up meanwhile is not made again', async () => {
    const { clients } = clientsOf('old', 'new')
    const caller = new AbortController()
    const called: string[] = []
    const call = async ({ databaseName }: Db): Promise<void> => {
      called.push(databaseName)
      caller.abort()
      throw refused()
    }
    await expect(clients.run(call, caller.signal)).rejects.toThrow('refused')
    expect(called).toEqual(['old'])
  })
})
