import { describe } from 'vitest'
import type { Host } from './host.ts'
import { usePlatform } from './platform.ts'
import { accounts } from './suites/accounts.ts'
import { deadlines } from './suites/deadlines.ts'
import { direct } from './suites/direct.ts'
import { journey } from './suites/journey.ts'
import { limits } from './suites/limits.ts'
import { monitoring } from './suites/monitoring.ts'
import { outages } from './suites/outages.ts'
import { refusals } from './suites/refusals.ts'
import { safety } from './suites/safety.ts'
import { shutdown } from './suites/shutdown.ts'

export type { Host } from './host.ts'
export { password, usePlatform } from './platform.ts'

/** What every host of the e-learning API promises over HTTP, as tests on the stack of the run. */
export function conformance(host: Host): void {
  // Processes start and stop here, and hosts are tested side by side.
  describe(host.name, { timeout: 300_000 }, () => {
    describe('on one platform', () => {
      const platform = usePlatform(host.serve)
      const suites = [journey, accounts, safety, refusals, monitoring, outages]
      for (const suite of suites)
        describe(suite.name, () => {
          suite(platform)
        })
    })
    for (const suite of [limits, direct, deadlines, shutdown])
      describe(suite.name, () => {
        suite(host)
      })
  })
}
