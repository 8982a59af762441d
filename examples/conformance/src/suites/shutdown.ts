import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { eventually, isolate } from '@headwater/testing'
import type { IsolatedStores } from '@headwater/testing'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Host } from '../host.ts'
import { monitorToken } from '../platform.ts'

/** The end of the process. */
export function shutdown({ command }: Host): void {
  let parts: IsolatedStores
  let server: ChildProcess
  let port: number
  let exited: Promise<unknown[]>

  beforeEach(async () => {
    parts = await isolate(inject('stack'))
    server = spawn(process.execPath, command, {
      env: { ...process.env, ...environment(parts) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    exited = once(server, 'exit')
    port = await announcedPort(server)
  }, 120_000)
  afterEach(async () => {
    server.kill('SIGKILL')
    await exited
    await parts.dispose()
  })

  describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
    test('The server finishes requests under way, takes no new ones and exits with 0', async () => {
      const registration = JSON.stringify({
        email: 'ada@example.com',
        username: 'ada',
        password: 'correct horse',
      })
      const ready = await Raw.open(port)
      const question = [
        'GET /health/ready HTTP/1.1',
        'Host: localhost',
        `Authorization: Bearer ${monitorToken}`,
        '',
      ].join('\r\n')
      ready.send(`${question}\r\n`)
      await ready.received('200 OK')
      ready.send(question)
      const slow = await Raw.open(port)
      slow.send(
        [
          'POST /users HTTP/1.1',
          'Host: localhost',
          'Content-Type: application/json',
          `Content-Length: ${registration.length}`,
          'Expect: 100-continue',
          '\r\n',
        ].join('\r\n'),
      )
      await slow.received('100 Continue')

      server.kill(signal)
      await eventually(async () => !(await accepts(port)), { timeoutMs: 20_000 })
      server.kill(signal)
      ready.send('\r\n')
      await ready.received('503 Service Unavailable')
      slow.send(registration)
      await slow.received('201 Created')

      expect(await exited).toEqual([0, null])
    })
  })

  test('An idle server ends at once, however many signals it gets', async () => {
    const idle = await Raw.open(port)
    for (let times = 0; times < 3; times += 1) server.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    idle.end()
  })
}

function environment({
  postgres,
  redis,
  mongodb,
  pinecone,
}: IsolatedStores): Record<string, string> {
  return {
    PORT: '0',
    MONITOR_TOKEN: monitorToken,
    HEADWATER_POSTGRES_URL: postgres.url,
    HEADWATER_REDIS_URL: redis.url,
    HEADWATER_REDIS_PREFIX: redis.prefix,
    HEADWATER_MONGODB_URL: mongodb.url,
    HEADWATER_MONGODB_DATABASE: mongodb.database,
    HEADWATER_PINECONE_URL: pinecone.url,
    HEADWATER_PINECONE_API_KEY: pinecone.apiKey,
    HEADWATER_PINECONE_INDEX: pinecone.index,
  }
}

async function announcedPort({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('the server says nothing')
  for await (const line of createInterface(stdout)) {
    const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (found !== undefined) return Number(found)
  }
  throw new Error('the server ended before it listened')
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A connection that can leave requests half sent. */
class Raw {
  readonly #socket: Socket
  #text = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket
      .setEncoding('utf8')
      .on('data', (text: string) => {
        this.#text += text
      })
      .on('error', () => undefined)
  }

  static async open(port: number): Promise<Raw> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Raw(socket)
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  async received(text: string): Promise<void> {
    await eventually(
      () => {
        expect(this.#text).toContain(text)
      },
      { timeoutMs: 20_000 },
    )
  }

  end(): void {
    this.#socket.destroy()
  }
}
