import type { Socket } from 'node:net'

/**
 * Resets a connection, so that its peer sees ECONNRESET. A connection that is already closing is
 * only destroyed: resetting it fails with EINVAL, and Node.js would then leak its handle.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
