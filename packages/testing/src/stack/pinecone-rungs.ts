import type { StoreRungs } from './store-address.ts'

const indexName = 'course-search'
const dimension = 1_536

/** The rungs of Pinecone: a real account, or the stand-in. */
export const pineconeRungs: StoreRungs<'pinecone'> = {
  async environment(url) {
    const apiKey = process.env['HEADWATER_PINECONE_API_KEY']
    if (!apiKey)
      throw new Error('HEADWATER_PINECONE_URL needs HEADWATER_PINECONE_API_KEY beside it')
    const index = process.env['HEADWATER_PINECONE_INDEX'] ?? indexName
    return { address: { url, apiKey, index, version: 'service' }, stop: async () => undefined }
  },

  async standIn() {
    const { startPineconeStandIn } = await import('../pinecone-stand-in/pinecone-stand-in.ts')
    const server = await startPineconeStandIn({ indexes: [{ name: indexName, dimension }] })
    const { url, apiKey } = server
    return {
      address: { url, apiKey, index: indexName, version: 'API 2026-07' },
      stop: () => server.stop(),
    }
  },
}
