import { once } from 'node:events'
import { createConnection } from 'node:net'

const timeoutMs = 10_000

/**
 * Sends one command over a new connection to the Redis server on a port of 127.0.0.1. Resolves to
 * the raw reply without its type and length.
 *
 * @throws Error with the server's words for an error reply.
 */
export async function redisCommand(port: number, args: readonly string[]): Promise<string> {
  const socket = createConnection({ port, host: '127.0.0.1' }).setEncoding('utf8')
  socket.setTimeout(timeoutMs, () =>
    socket.destroy(
      new Error(`Redis on port ${port} did not answer ${args[0] ?? ''} in ${timeoutMs} ms`),
    ),
  )
  try {
    await once(socket, 'connect')
    socket.write(encode(args))
    let reply = ''
    for await (const text of socket) {
      reply += String(text)
      if (isComplete(reply)) return body(reply)
    }
    throw new Error(`Redis on port ${port} closed the connection`)
  } finally {
    socket.destroy()
  }
}

function encode(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`
}

function isComplete(reply: string): boolean {
  const length = /^\$(\d+)\r\n/.exec(reply)
  if (!length) return reply.endsWith('\r\n')
  return Buffer.byteLength(reply) >= length[0].length + Number(length[1]) + 2
}

function body(reply: string): string {
  if (reply.startsWith('-')) throw new Error(reply.slice(1).trimEnd())
  return reply.startsWith('$')
    ? reply.slice(reply.indexOf('\r\n') + 2, -2)
    : reply.slice(1).trimEnd()
}
