import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { deserialize, serialize } from 'bson'

/** A connection that speaks the wire protocol by hand: for messages that no driver would send. */
export class WireClient {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #nextId = 1

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    socket.on('error', () => socket.destroy())
  }

  static async connect(port: number): Promise<WireClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new WireClient(socket)
  }

  /** An OP_MSG with a body, and with document sequences when given. */
  message(
    body: object,
    options: { flags?: number; sequences?: Record<string, object[]> } = {},
  ): Buffer {
    const sections = [Buffer.from([0]), serialize(body)]
    for (const [name, documents] of Object.entries(options.sequences ?? {})) {
      const payload = Buffer.concat([
        Buffer.from(`${name}\0`),
        ...documents.map((document) => serialize(document)),
      ])
      const size = Buffer.alloc(4)
      size.writeInt32LE(payload.length + 4)
      sections.push(Buffer.from([1]), size, payload)
    }
    const flags = Buffer.alloc(4)
    flags.writeUInt32LE(options.flags ?? 0)
    const checksum = ((options.flags ?? 0) & 1) === 0 ? [] : [Buffer.from([9, 9, 9, 9])]
    return this.framed(2013, Buffer.concat([flags, ...sections, ...checksum]))
  }

  /** A legacy OP_QUERY on the command collection of `admin`. */
  query(body: object): Buffer {
    return this.framed(
      2004,
      Buffer.concat([
        Buffer.alloc(4),
        Buffer.from('admin.$cmd\0'),
        Buffer.from([0, 0, 0, 0, 255, 255, 255, 255]),
        serialize(body),
      ]),
    )
  }

  framed(operation: number, content: Buffer): Buffer {
    const header = Buffer.alloc(16)
    header.writeInt32LE(16 + content.length, 0)
    header.writeInt32LE(this.#nextId, 4)
    header.writeInt32LE(operation, 12)
    this.#nextId += 1
    return Buffer.concat([header, content])
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  /** The next reply: what kind of message, to which request, and its document. */
  async reply(): Promise<{ operation: number; to: number; document: Record<string, unknown> }> {
    while (this.#received.length < 4 || this.#received.length < this.#received.readInt32LE(0)) {
      if (this.socket.destroyed) throw new Error('the server closed the connection')
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')])
    }
    const message = this.#received.subarray(0, this.#received.readInt32LE(0))
    this.#received = this.#received.subarray(message.length)
    const operation = message.readInt32LE(12)
    return {
      operation,
      to: message.readInt32LE(8),
      document: deserialize(message.subarray(operation === 1 ? 36 : 21)),
    }
  }

  async command(body: object): Promise<Record<string, unknown>> {
    this.send(this.message({ ...body, $db: 'test' }))
    return (await this.reply()).document
  }

  async closed(): Promise<void> {
    if (!this.socket.destroyed) await once(this.socket, 'close')
  }
}
