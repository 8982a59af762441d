import type { Socket } from 'node:net'

/**
 * Ends a connection with a reset, so that its peer sees ECONNRESET. One whose orderly end is under
 * way is only destroyed: resetting that fails with EINVAL, and Node.js then never lets go of its
 * handle.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
