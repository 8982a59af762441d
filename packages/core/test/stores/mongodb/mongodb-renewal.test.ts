import { EventEmitter } from 'node:events'
import type { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { Diagnostics } from '../../../src/diagnostics.ts'
import { MongodbDriverStore } from '../../../src/stores/mongodb/mongodb-driver-store.ts'

/** A client whose database has its password for a name. */
class StubClient extends EventEmitter {
  connects = 0
  readonly #password: string

  constructor(password: string) {
    super()
    this.#password = password
  }

  db(): { readonly databaseName: string } {
    return { databaseName: this.#password }
  }

  async connect(): Promise<this> {
    this.connects += 1
    return this
  }

  async close(): Promise<void> {}
}

/** A store whose password was `old` and is now `new`. */
function openStore() {
  const made: StubClient[] = []
  const client = (password: string): MongoClient => {
    const stub = new StubClient(password)
    made.push(stub)
    return stub as unknown as MongoClient
  }
  const settings = { database: 'learning', deadlineMs: 60_000, maxConnections: 20, required: false }
  const context = { clock: systemClock, diagnostics: new Diagnostics() }
  const renewal = { source: { client, password: async () => 'new' }, password: 'old' }
  const store = new MongodbDriverStore(client('old'), settings, context, renewal)
  return { store, connects: () => made.map((stub) => stub.connects) }
}

function givenUp(): Error {
  return Object.assign(new Error('given up'), { name: 'MongoTopologyClosedError' })
}

test('A call whose client has given up and was replaced goes to the next one', async () => {
  const { store, connects } = openStore()
  const begun = Promise.withResolvers<undefined>()
  const held = Promise.withResolvers<undefined>()
  const called: string[] = []
  const last = store.run('last', async ({ databaseName }) => {
    called.push(databaseName)
    if (databaseName === 'new') return
    begun.resolve(undefined)
    await held.promise
    throw givenUp()
  })
  await begun.promise
  const other = await store.run('other', async ({ databaseName }) => {
    if (databaseName === 'old') throw Object.assign(new Error('refused'), { code: 18 })
  })
  expect(other.isOk()).toBe(true)
  held.resolve(undefined)
  expect((await last).isOk()).toBe(true)
  expect(called).toEqual(['old', 'new'])
  expect(connects()).toEqual([0, 0])
})

test('A client in use that has given up is told to connect, and gets the call again', async () => {
  const { store, connects } = openStore()
  const called: string[] = []
  const result = await store.run('ping', async ({ databaseName }) => {
    called.push(databaseName)
    if (called.length === 1) throw givenUp()
  })
  expect(result.isOk()).toBe(true)
  expect(called).toEqual(['old', 'old'])
  expect(connects()).toEqual([1])
})
