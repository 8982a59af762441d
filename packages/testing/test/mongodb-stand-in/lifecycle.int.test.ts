import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { MongoClient } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'

const serverModule = fileURLToPath(new URL('../../src/mongodb-stand-in/server.ts', import.meta.url))

describe('the life of a MongoDB stand-in', () => {
  it('The MongoDB stand-in restarts on its port with its data, and a connected client continues', async () => {
    const first = await startMongodbStandIn()
    const client = new MongoClient(first.url)
    const events = client.db('test').collection<{ _id: number }>('events')
    await events.createIndex({ key: 1 }, { unique: true })
    await events.insertOne({ _id: 1 })
    await first.stop()
    const second = await startMongodbStandIn({ port: first.port, store: first.store })
    expect(second.url).toBe(first.url)
    expect(await events.find().toArray()).toEqual([{ _id: 1 }])
    expect((await events.indexes()).map(({ name }) => name)).toEqual(['_id_', 'key_1'])
    await client.close()
    await second.stop()
  })

  it('The MongoDB stand-in starts empty without a store', async () => {
    const first = await startMongodbStandIn()
    const client = new MongoClient(first.url)
    await client.db('test').collection('events').insertOne({})
    await first.stop()
    const second = await startMongodbStandIn({ port: first.port })
    expect(await client.db('test').collection('events').countDocuments()).toBe(0)
    await client.close()
    await second.stop()
  })

  it('The MongoDB stand-in refuses connections and closes open ones once stopped', async () => {
    const server = await startMongodbStandIn()
    const open = connect(server.port, '127.0.0.1')
    await once(open, 'connect')
    open.resume()
    await Promise.all([once(open, 'close'), server.stop()])
    const late = connect(server.port, '127.0.0.1')
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    await server.stop()
  })

  it('The MongoDB stand-in rejects when the port is taken', async () => {
    const server = await startMongodbStandIn()
    await expect(startMongodbStandIn({ port: server.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await server.stop()
  })

  it('The MongoDB stand-in keeps no process alive once stopped, even with a connected client', async () => {
    const script = `
      import { startMongodbStandIn } from ${JSON.stringify(serverModule)}
      import { connect } from 'node:net'
      import { once } from 'node:events'
      const server = await startMongodbStandIn()
      const socket = connect(server.port, '127.0.0.1')
      await once(socket, 'connect')
      await server.stop()
      console.log('stopped')`
    const run = promisify(execFile)(
      process.execPath,
      ['--conditions=headwater-source', '--input-type=module', '-e', script],
      { timeout: 250_000, cwd: fileURLToPath(new URL('.', import.meta.url)) },
    )
    expect((await run).stdout).toBe('stopped\n')
  })
})
