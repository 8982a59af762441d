import type { PineconeDescription, Stores } from '@headwater/core'
import type { Examiner } from './examine.ts'

/** Examines the index of Pinecone. */
export function pineconeExaminer(pinecone: NonNullable<Stores['pinecone']>): Examiner {
  let found: PineconeDescription = {}
  return {
    store: 'pinecone',
    greet: (deadlineMs) =>
      pinecone.describe({ deadlineMs }).map((description) => {
        found = description
        return ''
      }),
    look: async (findings) => {
      const { dimensions, metric, kind } = found
      const shape = [dimensions && `${dimensions} dimensions`, metric, kind].filter(Boolean)
      findings.ok('index', `${pinecone.indexName}: ${shape.join(', ') || 'it is there'}`)
    },
  }
}
