import { afterAll, beforeAll, describe } from 'vitest'
import { analyticsTests } from './event-log-analytics.ts'
import { EventLogBench } from './event-log-bench.ts'
import { indexTests } from './event-log-indexes.ts'
import { readTests } from './event-log-reads.ts'
import { writeTests } from './event-log-writes.ts'

/**
 * A server that the tests may use. They make a database of their own in it and drop it at the end.
 */
export interface EventLogUnderTest {
  /** The connection string. */
  readonly url: string
  /**
   * Ends the server.
   *
   * @defaultValue the server is left as it is
   */
  readonly stop?: () => Promise<void>
}

/**
 * What not every server that speaks MongoDB's protocol does, and the event log can live without.
 */
export interface EventLogCapabilities {
  /**
   * Duplicate-key errors carry `keyPattern` and `keyValue`.
   *
   * @defaultValue true
   */
  readonly duplicateKeyDetails?: boolean
}

/** The defaults of {@link EventLogCapabilities}. */
export const eventLogCapabilitiesDefaults = { duplicateKeyDetails: true } as const

/**
 * Defines the tests that every server of the event log passes through the official client: call it
 * in a test file of Vitest.
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
