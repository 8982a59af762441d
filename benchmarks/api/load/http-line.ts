import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Asks one request at a time and resolves with the status of its answer; 0 for none. */
export interface Line {
  ask(request: string): Promise<number>
}

/**
 * A connection that is kept alive. Reads no more of an answer than where it ends, so that the
 * generator takes little of a machine that it shares with what it measures.
 */
export class HttpLine implements Line {
  readonly #socket: Socket
  #onAnswer: ((status: number) => void) | undefined
  #read: Buffer | undefined
  #isOpen = true

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isOpen = false
      this.#answer(0)
    })
  }

  /** Connects. */
  static async open(url: string): Promise<HttpLine> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new HttpLine(socket)
  }

  ask(request: string): Promise<number> {
    return new Promise((resolve) => {
      if (!this.#isOpen) return resolve(0)
      this.#onAnswer = resolve
      this.#socket.write(request, 'latin1')
    })
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    const read = this.#read === undefined ? chunk : Buffer.concat([this.#read, chunk])
    const headEnd = read.indexOf('\r\n\r\n')
    const head = headEnd === -1 ? undefined : read.toString('latin1', 0, headEnd)
    if (head === undefined || read.length < headEnd + 4 + lengthIn(head)) this.#read = read
    else {
      this.#read = undefined
      this.#answer(Number(head.slice(9, 12)))
    }
  }

  #answer(status: number): void {
    const onAnswer = this.#onAnswer
    this.#onAnswer = undefined
    onAnswer?.(status)
  }
}

function lengthIn(head: string): number {
  if (/\r\ntransfer-encoding:/i.test(head)) throw new Error('the length of an answer is not known')
  return Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
}
