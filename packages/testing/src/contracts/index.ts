export { vectorIndexContract } from './vector-index-contract.ts'
export type { VectorIndexUnderTest } from './vector-index-contract.ts'
export { eventLogContract } from './event-log-contract.ts'
export type { EventLogCapabilities, EventLogUnderTest } from './event-log-contract.ts'
