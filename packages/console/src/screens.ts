import type { Audit } from './audit/audit.ts'
import type { ConsoleOptions } from './console-options.ts'
import type { Screen, ScreenDeps } from './screen.ts'
import { activityScreen } from './screens/activity.ts'
import { auditScreen } from './screens/audit.ts'
import { cachesScreen } from './screens/caches.ts'
import { membersScreen } from './screens/members.ts'
import { outboxScreen } from './screens/outbox.ts'
import { overviewScreen } from './screens/overview.ts'
import { searchScreen } from './screens/search.ts'
import { sessionsScreen } from './screens/sessions.ts'

/** The screens of a console, in the order of its menu: those for which the host gave the means. */
export function screensOf(
  deps: ScreenDeps & { readonly audit: Audit },
  options: ConsoleOptions,
): readonly Screen[] {
  const { search, analytics } = options
  const screens = [
    overviewScreen(deps),
    cachesScreen(deps),
    outboxScreen(deps),
    search === undefined ? undefined : searchScreen(deps, search),
    analytics === undefined ? undefined : activityScreen(deps, analytics),
    sessionsScreen(options),
    membersScreen(deps),
    auditScreen(deps.audit),
  ]
  return screens.filter((screen) => screen !== undefined)
}
