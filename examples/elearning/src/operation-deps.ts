import type { HealthReport } from '@headwater/core'
import type { Passwords } from './password.ts'
import type { Coupons } from './price.ts'
import type { Proofs } from './proofs.ts'
import type { Services } from './services.ts'
import type { SessionCookie } from './session-cookie.ts'

/** Dependencies of operations. */
export interface OperationDeps {
  readonly services: Services
  readonly cookie: SessionCookie
  readonly proofs: Proofs
  readonly coupons: Coupons
  readonly passwords: Passwords
  /** Whether the host is about to stop. */
  readonly isClosing: () => boolean
  /** The health of the stores, at most a second old. */
  readonly health: () => Promise<HealthReport>
  /** The metrics, at most a second old. */
  readonly figures: () => Promise<object>
}
