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

/** Clients whose password was `first` and is now `second`. */
function clientsOf(first: string, second: string) {
  const made: StubClient[] = []
  const client = (password: string): MongoClient => {
    const stub = new StubClient(password)
    made.push(stub)
    return stub as unknown as MongoClient
  }
  const source = { client, password: async () => second }
  const clients = new MongodbClients(client(first), (one) => one.db(), { source, password: first })
  return { clients, closed: () => made.map(({ isClosed }) => isClosed) }
}

function refused(): Error {
  return Object.assign(new Error('refused'), { code: 18 })
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
