import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import * as z from 'zod/mini'
import { checkOptions, once, option, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { createConsole, type ConsoleHandler } from './console.ts'
import type { ConsoleOptions, Operator } from './console-options.ts'
import { nodeListener } from './node-listener.ts'
import { OneTimeToken } from './one-time-token.ts'

/** Options of `serveConsole`. */
export interface ServeConsoleOptions extends Omit<
  ConsoleOptions,
  'authorize' | 'hosts' | 'basePath'
> {
  /**
   * The port on 127.0.0.1; 0 for any that is free.
   *
   * @defaultValue `0`
   */
  readonly port?: number
  /**
   * What the operator may do.
   *
   * @defaultValue `'operate'`
   */
  readonly access?: Operator['access']
  /**
   * Names the operator in the audit.
   *
   * @defaultValue the user that the process runs as
   */
  readonly operator?: string
}

/** The defaults of {@link ServeConsoleOptions}. */
export const serveConsoleDefaults = {
  port: 0,
  access: 'operate',
} as const satisfies Partial<ServeConsoleOptions>

/** A console that is served. */
export interface ServedConsole {
  /** Its address with the token, which opens the console for the first browser that brings it. */
  readonly url: string
  /** Stops serving it. `close` of the stores does so too. */
  readonly close: () => Promise<void>
}

/**
 * Serves the console without a host, on the loopback interface alone. Who has the address may use
 * it once, from one browser; everybody else is refused. The cookie of that browser goes to every
 * port of 127.0.0.1, as cookies do: visit no server there whose owner you do not trust.
 *
 * @throws InvalidOptions when an option breaks a rule.
 */
export async function serveConsole(
  stores: Stores,
  options: ServeConsoleOptions = {},
): Promise<ServedConsole> {
  checkOptions('serveConsole', serveRules(), options)
  const { port, access, operator, ...screens } = { ...serveConsoleDefaults, ...options }
  const viewer = { name: operator ?? userName(), access }
  const server = createServer()
  await listening(server, port)
  const { port: ownPort } = server.address() as AddressInfo
  const hosts = [`127.0.0.1:${ownPort}`, `localhost:${ownPort}`]
  const token = new OneTimeToken({ hosts, cookie: `headwater-console-${ownPort}` })
  const handle = createConsole(stores, {
    ...screens,
    hosts,
    authorize: (request) => (token.wasBroughtBy(request) ? viewer : undefined),
  })
  const open: ConsoleHandler = async (request) => token.exchange(request) ?? handle(request)
  const listener = nodeListener(open)
  server.on('request', (request, response) => void listener(request, response))
  const close = async () => {
    forget()
    handle.stop()
    await closing(server)
  }
  const forget = stores.beforeClose(close)
  return { url: `http://127.0.0.1:${ownPort}/?token=${token.text}`, close }
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      // A connection that could not be taken (no free descriptor) is for its browser to try again.
      server.on('error', () => undefined)
      resolve()
    })
  })
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}

const serveRules = once(() =>
  strictOptions<ServeConsoleOptions>({
    port: z.optional(
      z
        .int('expected a port')
        .check(z.minimum(0, 'expected 0 or more'), z.maximum(65_535, 'expected 65535 at most')),
    ),
    access: z.optional(z.enum(['read', 'operate'], "expected 'read' or 'operate'")),
    operator: z.optional(option.text()),
    sessions: z.optional(option.object()),
    limiters: z.optional(option.object()),
    search: z.optional(option.object()),
    analytics: z.optional(option.object()),
  }),
)
