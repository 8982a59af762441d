import { migrate, orThrow, type RateLimiter, type Sessions, type Stores } from '@headwater/core'
import {
  consoleMigrations,
  createConsole,
  nodeListener,
  serveConsole,
  type ConsoleHandler,
} from '@headwater/console'
import type { Repositories } from '@headwater/repositories'
import type { CourseSearch } from '@headwater/search'

/** A member of the staff, as the identity provider of the host names them. */
interface StaffMember {
  readonly email: string
  readonly isOnCall: boolean
}

export async function mount(
  stores: Stores,
  staffMemberOf: (request: Request) => Promise<StaffMember | undefined>,
): Promise<ConsoleHandler> {
  orThrow(await migrate(stores, { sets: [consoleMigrations] }))

  const handle = createConsole(stores, {
    hosts: ['ops.example.com'],
    basePath: '/console',
    authorize: async (request) => {
      const member = await staffMemberOf(request)
      if (member === undefined) return undefined
      return { name: member.email, access: member.isOnCall ? 'operate' : 'read' }
    },
  })
  return handle
}

/** The parts of the hosts that the guide uses. */
interface ExpressApp {
  use(path: string, listener: ReturnType<typeof nodeListener>): unknown
}
interface HonoApp {
  all(path: string, handle: (c: { readonly req: { readonly raw: Request } }) => unknown): unknown
}

export function onExpress(app: ExpressApp, handle: ConsoleHandler) {
  app.use('/console', nodeListener(handle))
}

export function onHono(app: HonoApp, handle: ConsoleHandler) {
  app.all('/console/*', (c) => handle(c.req.raw))
}

export function everything(
  stores: Stores,
  own: {
    readonly sessions: Sessions
    readonly signIn: RateLimiter
    readonly search: CourseSearch
    readonly activity: Repositories['activity']
  },
) {
  const { sessions, signIn, search, activity } = own
  const screens = {
    sessions,
    limiters: { 'sign-in': signIn },
    search,
    analytics: activity.analytics,
  }
  return serveConsole(stores, screens)
}

export async function alone(stores: Stores) {
  const { url, close } = await serveConsole(stores, { access: 'read' })
  process.stdout.write(`The console is at ${url}\n`)
  return close
}
