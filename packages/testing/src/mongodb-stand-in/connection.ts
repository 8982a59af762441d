import type { Socket } from 'node:net'
import { runCommand } from './commands/run-command.ts'
import type { CommandContext } from './commands/command.ts'
import { MessageStream } from './wire/message-stream.ts'
import { readRequest, writeReply } from './wire/message.ts'

/**
 * Serves one connection until it closes. Each request is answered before the next is read. A
 * malformed message closes only this connection.
 */
export function serveConnection(socket: Socket, context: Omit<CommandContext, 'database'>): void {
  const stream = new MessageStream()
  let lastReplyId = 0
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => context.cursors.orphan(context.connectionId))
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const message of stream.push(chunk)) {
        const request = readRequest(message)
        const reply = runCommand(request.command, context)
        lastReplyId = (lastReplyId + 1) & 0x7fffffff
        if (request.wantsReply && !socket.destroyed)
          socket.write(writeReply(request, reply, lastReplyId))
      }
    } catch {
      socket.destroy()
    }
  })
}
