import type { Rung, StoreName } from './rung.ts'

/** Where a store is, how it was obtained and which version answers there. Plain data. */
export interface StoreAddress {
  /** What the store's client connects to. */
  url: string
  /** How the store was obtained. */
  rung: Rung
  /** The server's version, such as `18.4`. */
  version: string
}

/** Where Pinecone's control plane is (`controllerHostUrl`), and the index to use. */
export interface PineconeAddress extends StoreAddress {
  /** Key for the official client. */
  apiKey: string
  /** Name of an existing index with 1536 dimensions and the cosine metric. */
  index: string
}

/** Where OpenAI's API is: `url` is the client's `baseURL`. */
export interface OpenaiAddress extends StoreAddress {
  /** Key for the official client. */
  apiKey: string
}

/**
 * The address of every store, as plain data: fit to be passed to a worker or to Vitest's `provide`.
 */
export interface StoreAddresses {
  /** A database whose user may create databases. */
  postgres: StoreAddress
  /** A Redis server or cluster node. */
  redis: StoreAddress
  /** A MongoDB deployment, without a database name. */
  mongodb: StoreAddress
  /** Pinecone's control plane. */
  pinecone: PineconeAddress
  /** OpenAI's API. */
  openai: OpenaiAddress
}

/** A store that was started, and how to end it. */
export interface StartedStore<N extends StoreName = StoreName> {
  address: Omit<StoreAddresses[N], 'rung'>
  stop: () => Promise<void>
}

/** How one store is obtained on each rung it has. */
export interface StoreRungs<N extends StoreName = StoreName> {
  environment: (url: string) => Promise<StartedStore<N>>
  container?: () => Promise<StartedStore<N>>
  local?: (onProgress: (line: string) => void) => Promise<StartedStore<N>>
  /** Whether the local server may be tried; absent means that it always may. */
  hasLocalServer?: () => Promise<boolean>
  standIn?: () => Promise<StartedStore<N>>
}
