import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { eventually, isolate } from '@headwater/testing'
import type { IsolatedStores } from '@headwater/testing'
import { expect, inject, test } from 'vitest'
import type { Host } from '../host.ts'
import { monitorToken } from '../platform.ts'

/** The end of the process. */
export function shutdown({ command }: Host): void {
  test.concurrent.each(['SIGTERM', 'SIGINT'] as const)(
    'At %s a server takes no new requests, finishes those under way and exits with 0',
    async (signal) => {
      await using server = await Server.start(command)
      // A connection that is never used keeps nobody waiting.
      await using _idle = await Raw.open(server.port)
      const question = questionOfReadiness(server.path)
      await using ready = await eventually(() => readyConnection(server.port, question), patient)
      ready.send(question)
      await using slow = await Raw.open(server.port)
      slow.send(headOfRegistration(server.path))
      await slow.received('100 Continue')

      server.kill(signal)
      await eventually(async () => !(await server.accepts()), patient)
      for (let times = 0; times < 2; times += 1) server.kill(signal)
      ready.send('\r\n')
      await ready.received('503 Service Unavailable')
      slow.send(registration)
      await slow.received('201 Created')

      expect(await server.exited).toEqual([0, null])
    },
    // Two more processes start, on a machine that may be busy with other tests.
    300_000,
  )
}

/** The machine may be busy with other tests. */
const patient = { timeoutMs: 60_000 }

const registration = JSON.stringify({
  email: 'ada@example.com',
  username: 'ada',
  password: 'correct horse',
})

const headOfRegistration = (mount: string) =>
  [
    `POST ${mount}/users HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${registration.length}`,
    'Expect: 100-continue',
    '\r\n',
  ].join('\r\n')

/** Without the empty line that ends it. */
const questionOfReadiness = (mount: string) =>
  [
    `GET ${mount}/health/ready HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${monitorToken}`,
    '',
  ].join('\r\n')

/** A connection on which the server has said that it is ready. */
async function readyConnection(port: number, question: string): Promise<Raw> {
  const connection = await Raw.open(port)
  connection.send(`${question}\r\n`)
  await connection.received('HTTP/1.1 ')
  if (connection.text.includes('200 OK')) return connection
  await connection[Symbol.asyncDispose]()
  throw new Error(`the server is not ready: ${connection.text}`)
}

/** A process that serves the API. */
class Server {
  readonly port: number
  /** The path of the API; empty at the root. */
  readonly path: string
  readonly exited: Promise<unknown[]>
  readonly #process: ChildProcess
  readonly #parts: IsolatedStores

  private constructor(url: URL, process: ChildProcess, parts: IsolatedStores) {
    this.port = Number(url.port)
    this.path = url.pathname.replace(/\/$/, '')
    this.exited = once(process, 'exit')
    this.#process = process
    this.#parts = parts
  }

  static async start(command: readonly string[]): Promise<Server> {
    const parts = await isolate(inject('stack'))
    const child = spawn(process.execPath, command, {
      env: { ...process.env, ...environment(parts) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      return new Server(await announcedUrl(child), child, parts)
    } catch (error) {
      child.kill('SIGKILL')
      await parts.dispose()
      throw error
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  async accepts(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL')
    await this.exited
    await this.#parts.dispose()
  }
}

const compileCache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

function environment({
  postgres,
  redis,
  mongodb,
  pinecone,
}: IsolatedStores): Record<string, string> {
  return {
    PORT: '0',
    // The second process, and the next run, need not strip and compile again.
    NODE_COMPILE_CACHE: compileCache,
    MONITOR_TOKEN: monitorToken,
    REQUEST_DEADLINE_MS: String(patient.timeoutMs),
    CLOSE_DEADLINE_MS: String(patient.timeoutMs),
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

async function announcedUrl({ stdout }: ChildProcess): Promise<URL> {
  if (stdout === null) throw new Error('the server says nothing')
  for await (const line of createInterface(stdout)) {
    const found = /listening on (\S+)/.exec(line)?.[1]
    if (found !== undefined) return new URL(found)
  }
  throw new Error('the server ended before it listened')
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

  /** The answers so far. */
  get text(): string {
    return this.#text
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  async received(text: string): Promise<void> {
    await eventually(() => {
      expect(this.#text).toContain(text)
    }, patient)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
  }
}
