// Pinecone and OpenAI on a thread of their own: like remote services, they take no time from their
// callers.
import { parentPort, workerData } from 'node:worker_threads'
import { startOpenaiStandIn, startPineconeStandIn } from '@headwater/testing'

const { dimensions } = workerData as { readonly dimensions: number }
const pinecone = await startPineconeStandIn({
  indexes: [{ name: 'course-search', dimension: dimensions }],
})
const openai = await startOpenaiStandIn({ dimensions })
parentPort?.on('message', () => {
  parentPort?.postMessage({ embedCalls: openai.requestCount() })
})
parentPort?.postMessage({
  pinecone: { url: pinecone.url, apiKey: pinecone.apiKey },
  openai: { url: openai.url, apiKey: openai.apiKey },
})
