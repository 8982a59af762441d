import { setTimeout as after } from 'node:timers/promises'
import type { ServeConsoleOptions } from '@headwater/console'
import { createSessions, type Stores } from '@headwater/core'
import type { HeadwaterServices } from '../config/config.ts'
import { unreadyStores } from '../config/open-stores.ts'
import type { Command } from './command.ts'
import { UsageError } from './usage-error.ts'

/** Stores that hang are not waited for at the end, in milliseconds. */
const closeMs = 1_000
const foreverMs = 2 ** 31 - 1

/** `headwater console`: needs no store to be up, since it is wanted most when one is not. */
export const openConsole: Command = async ({ config, options, terminal, secrets, print }) => {
  const { serveConsole } = await consolePackage()
  const { port = 0, readOnly = false } = options as { port?: number; readOnly?: boolean }
  const access = readOnly ? 'read' : 'operate'
  const loaded = await config()
  const { stores } = await unreadyStores(loaded, { env: terminal.env, secrets })
  const signal = terminal.interrupted()
  try {
    const screens = screensOf(stores, (await loaded.services?.(stores)) ?? {})
    const { url } = await serveConsole(stores, { ...screens, access, port })
    secrets.show(new URL(url).searchParams.get('token') ?? '')
    print({
      data: { url, access },
      text: (paint) => `The console is at ${paint('strong', url)}`,
    })
    terminal.err('Ctrl-C ends it.\n')
    while (!signal.aborted) await after(foreverMs, undefined, { signal }).catch(() => undefined)
    return undefined
  } finally {
    await stores.close({ deadlineMs: closeMs }).unwrapOr(undefined)
  }
}

function screensOf(stores: Stores, services: HeadwaterServices): ServeConsoleOptions {
  const { sessions = createSessions(stores), limiters, search, activity } = services
  const analytics = activity?.analytics
  return {
    sessions,
    ...(limiters && { limiters }),
    ...(canSearch(search) && { search }),
    ...(analytics && { analytics }),
  }
}

type Search = NonNullable<HeadwaterServices['search']>

function canSearch(
  search: Search | undefined,
): search is Search & Required<Pick<Search, 'search'>> {
  return search?.search !== undefined
}

async function consolePackage() {
  try {
    return await import('@headwater/console')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isAbsent = code === 'ERR_MODULE_NOT_FOUND' && message.includes("'@headwater/console'")
    if (!isAbsent) throw error
    throw new UsageError('this command needs @headwater/console: npm install @headwater/console')
  }
}
