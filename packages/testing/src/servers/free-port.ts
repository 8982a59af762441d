import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const lowest = 15_000
const highest = 32_000
const maxAttempts = 3

/**
 * Finds a free port on 127.0.0.1. It lies below the kernel's range for outgoing connections, so
 * that a restarted server finds its port still free.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(lowest, highest)
    if (await isFree(port)) return port
  }
  throw new Error(`No free port between ${lowest} and ${highest} in 100 attempts`)
}

/**
 * Starts a server on a free port, and tries another one when a different process took the port
 * first.
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (attempt === maxAttempts || !/in use/i.test(String(error))) throw error
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
