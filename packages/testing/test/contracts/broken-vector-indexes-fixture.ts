import { vectorIndexContract } from '../../src/contracts/vector-index-contract.ts'
import { brokenVectorIndexes } from './broken-vector-indexes.ts'

for (const [flaw, create] of Object.entries(brokenVectorIndexes)) {
  vectorIndexContract(flaw, async () => ({ index: create(), dispose: async () => undefined }))
}
