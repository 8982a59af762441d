import { decodeDocument, type Document, encodeDocument } from '../values/document.ts'

/** A request from the wire: its command, with the document sequences as arrays. */
export interface Request {
  id: number
  command: Document
  /**
   * Whether it is a legacy OP_QUERY, which needs an OP_REPLY: the first message of most
   * connections.
   */
  isLegacy: boolean
  /** Whether the client waits for no reply: an unacknowledged write. */
  wantsReply: boolean
}

/** A malformed message, after which its connection cannot continue. */
export class MalformedMessage extends Error {}

const headerBytes = 16
const opReply = 1
const opQuery = 2004
const opMsg = 2013
const checksumPresent = 1
const moreToCome = 2
const knownFlags = checksumPresent | moreToCome

/** The size limit of a message. */
export const maxMessageBytes = 48_000_000

/** Reads one whole message. */
export function readRequest(message: Buffer): Request {
  const id = message.readInt32LE(4)
  const operation = message.readInt32LE(12)
  try {
    if (operation === opMsg) return readMsg(message, id)
    if (operation === opQuery) return readQuery(message, id)
  } catch (error) {
    throw error instanceof MalformedMessage
      ? error
      : new MalformedMessage('the message is cut short or its BSON is invalid', { cause: error })
  }
  throw new MalformedMessage(`opcode ${operation} is not supported`)
}

/** Writes the reply to a request. */
export function writeReply(request: Request, reply: Document, requestId: number): Buffer {
  const body = encodeDocument(reply)
  const prefix = Buffer.alloc(headerBytes + (request.isLegacy ? 20 : 5))
  prefix.writeInt32LE(prefix.length + body.length, 0)
  prefix.writeInt32LE(requestId, 4)
  prefix.writeInt32LE(request.id, 8)
  prefix.writeInt32LE(request.isLegacy ? opReply : opMsg, 12)
  if (request.isLegacy) {
    prefix.writeInt32LE(8, 16)
    prefix.writeInt32LE(1, 32)
  }
  return Buffer.concat([prefix, body])
}

function readMsg(message: Buffer, id: number): Request {
  const flags = message.readUInt32LE(headerBytes)
  if ((flags & 0xffff & ~knownFlags) !== 0)
    throw new MalformedMessage(`unknown required flags ${flags}`)
  const end = message.length - ((flags & checksumPresent) === 0 ? 0 : 4)
  let command: Document | undefined
  const sequences: Document = {}
  for (let at = headerBytes + 4; at < end;) {
    const section = sectionAt(message, at, end)
    if (section.kind === 0) {
      if (command !== undefined) throw new MalformedMessage('two bodies in one message')
      command = decodeDocument(section.bytes)
    } else Object.assign(sequences, readSequence(section.bytes))
    at += 1 + section.bytes.length
  }
  if (command === undefined) throw new MalformedMessage('a message without a body')
  return {
    id,
    command: Object.assign(command, sequences),
    isLegacy: false,
    wantsReply: (flags & moreToCome) === 0,
  }
}

function sectionAt(message: Buffer, at: number, end: number): { kind: number; bytes: Buffer } {
  const kind = message.readUInt8(at)
  const size = message.readInt32LE(at + 1)
  if (kind > 1 || size < 5 || at + 1 + size > end)
    throw new MalformedMessage(`a section of kind ${kind} and ${size} bytes`)
  return { kind, bytes: message.subarray(at + 1, at + 1 + size) }
}

function readSequence(bytes: Buffer): Record<string, Document[]> {
  const nameEnd = bytes.indexOf(0, 4)
  if (nameEnd < 0) throw new MalformedMessage('a document sequence without a name')
  const documents: Document[] = []
  for (let at = nameEnd + 1; at < bytes.length;) {
    const size = bytes.readInt32LE(at)
    if (size < 5 || at + size > bytes.length)
      throw new MalformedMessage(`a document of ${size} bytes in a sequence`)
    documents.push(decodeDocument(bytes.subarray(at, at + size)))
    at += size
  }
  return { [bytes.toString('utf8', 4, nameEnd)]: documents }
}

function readQuery(message: Buffer, id: number): Request {
  const nameEnd = message.indexOf(0, headerBytes + 4)
  if (nameEnd < 0) throw new MalformedMessage('a query without a collection name')
  const [database = ''] = message.toString('utf8', headerBytes + 4, nameEnd).split('.')
  const at = nameEnd + 9
  const size = message.readInt32LE(at)
  if (size < 5 || at + size > message.length) throw new MalformedMessage(`a query of ${size} bytes`)
  return {
    id,
    command: { ...decodeDocument(message.subarray(at, at + size)), $db: database },
    isLegacy: true,
    wantsReply: true,
  }
}
