import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { BSON } from 'mongodb'

/** A server that asks for a password in front of one that does not. */
export interface MongodbLogin extends AsyncDisposable {
  /** Its URL for a user without a password. */
  readonly url: string
  /** The passwords that were accepted or refused, in order. */
  readonly tried: readonly string[]
  /** Sets the password. */
  expect(password: string): void
  /** Sets how a password is refused. */
  refuseAs(server: keyof typeof mongodbRefusals): void
  /** Ends every connection. */
  cut(): void
}

const opMsg = 2013
const headerBytes = 16

/** How servers refuse a password. */
const mongodbRefusals = {
  mongod: { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' },
  Atlas: {
    ok: 0,
    code: 8000,
    codeName: 'AtlasError',
    errmsg: 'bad auth : Authentication failed.',
  },
} as const

/** Starts a server that checks logins of the mechanism PLAIN and passes all else to `url`. */
export async function mongodbLogin(url: string): Promise<MongodbLogin> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const tried: string[] = []
  let expected = ''
  let refusal: object = mongodbRefusals.mongod
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
    onMessage(client, (message) => {
      const password = passwordIn(message)
      if (password === undefined) return void upstream.write(message)
      tried.push(password)
      client.write(answerTo(message, password === expected ? accepted : refusal))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `mongodb://app@${host}/?authMechanism=PLAIN&authSource=$external&directConnection=true`,
    tried,
    expect: (password) => void (expected = password),
    refuseAs: (server) => void (refusal = mongodbRefusals[server]),
    cut,
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}

function onMessage(socket: Socket, take: (message: Buffer) => void): void {
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 4 && pending.length >= pending.readInt32LE(0)) {
      const length = pending.readInt32LE(0)
      take(pending.subarray(0, length))
      pending = pending.subarray(length)
    }
  })
}

/** The password of a message that logs in; `undefined` for every other message. */
function passwordIn(message: Buffer): string | undefined {
  if (message.readInt32LE(12) !== opMsg) return undefined
  const { saslStart, payload } = BSON.deserialize(message.subarray(headerBytes + 5))
  if (saslStart === undefined) return undefined
  return Buffer.from((payload as BSON.Binary).buffer)
    .toString()
    .split('\0')[2]
}

const accepted = { ok: 1, conversationId: 1, done: true, payload: new BSON.Binary(Buffer.alloc(0)) }

function answerTo(message: Buffer, answer: object): Buffer {
  const body = BSON.serialize(answer)
  const head = Buffer.alloc(headerBytes + 5)
  head.writeInt32LE(head.length + body.length, 0)
  head.writeInt32LE(message.readInt32LE(4), 8)
  head.writeInt32LE(opMsg, 12)
  return Buffer.concat([head, body])
}
