import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Address of a service. */
export interface Service {
  readonly url: string
  readonly apiKey: string
}

/** Stand-ins for Pinecone and OpenAI on a thread of their own. */
export interface Services {
  readonly pinecone: Service
  readonly openai: Service
  /** Requests for embeddings so far. */
  embedCalls(this: void): Promise<number>
  stop(this: void): Promise<unknown>
}

/** Starts both. */
export async function startServices(dimensions: number): Promise<Services> {
  const worker = new Worker(new URL('./services-worker.ts', import.meta.url), {
    workerData: { dimensions },
    execArgv: ['--conditions=headwater-source'],
  })
  const [services] = (await once(worker, 'message')) as [Pick<Services, 'pinecone' | 'openai'>]
  return {
    ...services,
    embedCalls: async () => {
      worker.postMessage('count')
      const [{ embedCalls }] = (await once(worker, 'message')) as [{ embedCalls: number }]
      return embedCalls
    },
    stop: () => worker.terminate(),
  }
}
