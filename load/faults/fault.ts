/** The faults that can be played, and what they are. */
export const faults = {
  'redis-killed': 'Redis is killed after a snapshot, and starts from it',
  'redis-slow': 'a round trip to Redis takes 100 ms longer',
  'redis-hung': 'Redis answers nothing',
  'postgres-cut': 'connections to PostgreSQL are reset',
  'mongodb-hung': 'MongoDB answers nothing',
  'pinecone-down': 'Pinecone closes every connection',
  'openai-down': 'OpenAI closes every connection',
} as const

/** The name of a fault. */
export type FaultName = keyof typeof faults

/** The names of all faults, in the order in which they are played by default. */
export const faultNames = Object.keys(faults) as FaultName[]

/** A fault on the schedule. Its time begins with the load. */
export interface PlannedFault {
  readonly fault: FaultName
  readonly atSeconds: number
  readonly forSeconds: number
}
