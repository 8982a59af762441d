import type { Audit } from '../audit/audit.ts'
import type { Screen } from '../screen.ts'

const entriesShown = 100

/** What operators did. */
export function auditScreen(audit: Audit): Screen {
  return { name: 'audit', views: { audit: () => audit.list(entriesShown) }, actions: {} }
}
