import { MalformedMessage, maxMessageBytes } from './message.ts'

/** Cuts a stream of bytes into messages, wherever the chunks begin and end. */
export class MessageStream {
  #chunks: Buffer[] = []
  #length = 0

  /** Takes a chunk and returns the messages that are complete with it. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    const messages: Buffer[] = []
    for (let message = this.#next(); message !== undefined; message = this.#next())
      messages.push(message)
    return messages
  }

  #next(): Buffer | undefined {
    if (this.#length < 16) return undefined
    const size = this.#head(4).readInt32LE(0)
    if (size < 16 || size > maxMessageBytes)
      throw new MalformedMessage(`a message of ${size} bytes`)
    if (this.#length < size) return undefined
    const all = this.#head(size)
    const rest = all.subarray(size)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#length = rest.length
    return all.subarray(0, size)
  }

  /** The first chunk, joined with later ones only when it is too short. */
  #head(bytes: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks
    if (first.length >= bytes)
      return this.#chunks.length === 1 || bytes === 4 ? first : this.#joined()
    return this.#joined()
  }

  #joined(): Buffer {
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}
