import type { StoreRungs } from './store-address.ts'

/** The rungs of OpenAI: any service with its API, or the stand-in. */
export const openaiRungs: StoreRungs<'openai'> = {
  async environment(url) {
    return {
      address: {
        url,
        apiKey: process.env['HEADWATER_OPENAI_API_KEY'] ?? 'none',
        version: 'service',
      },
      stop: async () => undefined,
    }
  },

  async standIn() {
    const { startOpenaiStandIn } = await import('../openai-stand-in/openai-stand-in.ts')
    const server = await startOpenaiStandIn()
    return {
      address: { url: server.url, apiKey: server.apiKey, version: 'API v1' },
      stop: () => server.stop(),
    }
  },
}
