import type { Faults } from './faults.ts'
import type { Fleet } from './fleet.ts'
import type { FailingPostgres } from './postgres-plays.ts'
import type { RedisAddress } from './subject.ts'

/** Redis as it is soaked. */
export interface FailingRedis {
  readonly address: RedisAddress
  /** Its faults, those of PostgreSQL and those of the processes. */
  faultsOf(fleet: Fleet, postgres: FailingPostgres): Faults
  /** Stops what was started for the soak. */
  stop(): Promise<void>
}
