import { afterAll, beforeAll, describe } from 'vitest'
import { analyticsTests } from './event-log-analytics.ts'
import { EventLogBench } from './event-log-bench.ts'
import {
  eventLogCapabilitiesDefaults,
  type EventLogCapabilities,
} from './event-log-capabilities.ts'
import { indexTests } from './event-log-indexes.ts'
import { readTests } from './event-log-reads.ts'
import { writeTests } from './event-log-writes.ts'

/** A server for the tests, which create a database of their own on it and drop it at the end. */
export interface EventLogUnderTest {
  /** The connection string. */
  readonly url: string
  /**
   * Stops the server.
   *
   * @defaultValue leaves the server running
   */
  readonly stop?: () => Promise<void>
}

/**
 * Defines the tests that every server of the event log must pass through the official client. Call
 * it in a Vitest test file.
 *
 * @example
 * ```ts
 * eventLogContract('mongod', async () => ({ url: 'mongodb://127.0.0.1:27017' }))
 * ```
 */
export function eventLogContract(
  name: string,
  connect: () => Promise<EventLogUnderTest>,
  capabilities: EventLogCapabilities = {},
): void {
  describe(`event log on ${name}`, () => {
    let server: EventLogUnderTest | undefined
    let bench: EventLogBench | undefined
    const current = (): EventLogBench => {
      if (bench === undefined) throw new Error('the server did not start')
      return bench
    }
    beforeAll(async () => {
      server = await connect()
      bench = await EventLogBench.connect(server.url)
    })
    afterAll(async () => {
      await bench?.close()
      await server?.stop?.()
    })
    writeTests(current)
    readTests(current)
    indexTests(current, { ...eventLogCapabilitiesDefaults, ...capabilities })
    analyticsTests(current)
  })
}
