import * as z from 'zod/mini'
import { once, option, storableText, strictOptions } from '@headwater/core'
import type { RateLimiter, Sessions } from '@headwater/core'
import type { ActivityAnalytics } from '@headwater/repositories'
import type { CourseSearch } from '@headwater/search'

/** Who uses the console, and what they may do. */
export interface Operator {
  /** Names them in the audit: a user name or an e-mail address. */
  readonly name: string
  /** `read` sees everything but payloads; `operate` may also act, and reveal a payload. */
  readonly access: 'read' | 'operate'
}

/** Rules of an {@link Operator}, who comes from outside; what else the host knows is left out. */
export const operatorRules = once(() =>
  z.object({ name: storableText(255), access: z.enum(['read', 'operate']) }),
)

/** Options of `createConsole`. */
export interface ConsoleOptions {
  /**
   * The operator who sends a request; anything else than a name and an access refuses it. Asked for
   * every request, scripts and styles too, and given half a second. Let it depend on none of the
   * stores: it is needed most when they are down.
   */
  readonly authorize: (request: Request) => Operator | undefined | Promise<Operator | undefined>
  /**
   * The hosts under which the console is reached, as in the header `Host`: `ops.example.com`,
   * `127.0.0.1:8080`. Requests to any other are refused, so that no foreign name that resolves to
   * this server makes a browser ask it. Behind a proxy that sets `Host` itself, name both: what it
   * sets, and the public name, from which actions come.
   */
  readonly hosts: readonly string[]
  /**
   * The path under which the host serves it.
   *
   * @defaultValue `'/'`
   */
  readonly basePath?: string
  /** Sessions to list and revoke. */
  readonly sessions?: Pick<Sessions, 'list' | 'revoke' | 'revokeAll'>
  /** Rate limiters to look into and reset, by the name that is shown. */
  readonly limiters?: Readonly<Record<string, Pick<RateLimiter, 'peek' | 'reset'>>>
  /**
   * The search to try, verify and repair. Its log has the searches of operators too: give it one
   * without `activity` to keep them out.
   */
  readonly search?: Pick<CourseSearch, 'search' | 'index'>
  /** The figures over the activity log. */
  readonly analytics?: Pick<
    ActivityAnalytics,
    'eventsPerDay' | 'topQueries' | 'queriesWithoutResults' | 'courseFunnel'
  >
}

/** The defaults of {@link ConsoleOptions}. */
export const consoleDefaults = { basePath: '/' } as const satisfies Partial<ConsoleOptions>

/** Rules of {@link ConsoleOptions}. */
export const consoleRules = once(() =>
  strictOptions<ConsoleOptions>({
    authorize: option.function(),
    hosts: z
      .array(option.text(), 'expected a list of hosts')
      .check(z.minLength(1, 'expected at least one host')),
    basePath: z.optional(
      z
        .string('expected a path')
        .check(z.regex(/^\/[^?#]*$/, 'expected a path that begins with /')),
    ),
    sessions: z.optional(option.object()),
    limiters: z.optional(option.object()),
    search: z.optional(option.object()),
    analytics: z.optional(option.object()),
  }),
)
