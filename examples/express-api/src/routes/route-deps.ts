import type { createLimits } from '../rate-limit.ts'
import type { Services } from '../services.ts'

/** Dependencies of routes. */
export interface RouteDeps {
  readonly services: Services
  readonly limit: ReturnType<typeof createLimits>
}
