import type { createLimits } from '../rate-limit.ts'
import type { Services } from '../services.ts'

/** What routes are made of. */
export interface RouteParts {
  readonly services: Services
  readonly limit: ReturnType<typeof createLimits>
}
