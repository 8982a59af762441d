export { vectorIndexContract } from './vector-index-contract.ts'
export type { VectorIndexUnderTest } from './vector-index-contract.ts'
