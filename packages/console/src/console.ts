import { checkOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { Audit } from './audit/audit.ts'
import { boundedPostgres } from './bounded-postgres.ts'
import { consoleDefaults, consoleRules } from './console-options.ts'
import type { ConsoleOptions } from './console-options.ts'
import { Figures } from './figures/figures.ts'
import { ConsoleSite } from './console-site.ts'
import { screensOf } from './screens.ts'

/** Answers the requests below one path. */
export type ConsoleHandler = (request: Request) => Promise<Response>

/** A console that counts what its process does. */
export interface RunningConsole {
  /** Answers a request below its path. */
  (request: Request): Promise<Response>
  /** Counts no more, for a host that opens another; `close` of the stores does so too. */
  stop(): void
}

/** Time for a statement of a screen and of an action, in milliseconds. */
const readingMs = 600
const actingMs = 10_000

/**
 * Creates the console of a deployment as one handler from `Request` to `Response`, for a route that
 * takes everything below `basePath`. A screen is there within a second whatever hangs: what could
 * not be asked says so in its place. Every action, which needs `operate`, is written to the table
 * `console_audit` first; run `migrate` with `consoleMigrations`. Costs, while nobody looks, a few
 * additions per diagnostic.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const handle = createConsole(stores, {
 *   hosts: ['ops.example.com'],
 *   basePath: '/console',
 *   authorize: (request) => staffMemberOf(request),
 * })
 * app.all('/console/*', (c) => handle(c.req.raw)) // Hono
 * ```
 */
export function createConsole(stores: Stores, options: ConsoleOptions): RunningConsole {
  const settings = { ...consoleDefaults, ...checkOptions('createConsole', consoleRules(), options) }
  const figures = new Figures(stores)
  const forget = stores.beforeClose(async () => {
    figures.stop()
  })
  const stop = () => {
    forget()
    figures.stop()
  }
  const bounded = (ms: number, mayWrite: boolean) =>
    boundedPostgres(stores.postgres, { ms, mayWrite })
  const acting = bounded(actingMs, true)
  const reading = bounded(readingMs, false)
  const audit = new Audit({ acting, reading })
  const deps = { stores, figures, acting, reading }
  const site = new ConsoleSite(settings, screensOf({ ...deps, audit }, settings), audit)
  return Object.assign((request: Request) => site.answer(request), { stop })
}
