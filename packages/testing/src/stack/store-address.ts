import type { Rung, StoreName } from './rung.ts'

/** The address of a store, its rung and its version, as plain data. */
export interface StoreAddress {
  /** The URL for the store's client. */
  url: string
  /** The rung on which the store was obtained. */
  rung: Rung
  /** The server's version, such as `18.4`. */
  version: string
}

/** The address of Pinecone's control plane (`controllerHostUrl`), and the index to use. */
export interface PineconeAddress extends StoreAddress {
  /** Key for the official client. */
  apiKey: string
  /** Name of an existing index with 1536 dimensions and the cosine metric. */
  index: string
}

/** The address of OpenAI's API; `url` is the client's `baseURL`. */
export interface OpenaiAddress extends StoreAddress {
  /** Key for the official client. */
  apiKey: string
}

/** The address of every store, as plain data for a worker or for Vitest's `provide`. */
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

/** A started store. */
export interface StartedStore<N extends StoreName = StoreName> {
  address: Omit<StoreAddresses[N], 'rung'>
  stop: () => Promise<void>
}

/** The rungs of one store. */
export interface StoreRungs<N extends StoreName = StoreName> {
  environment: (url: string) => Promise<StartedStore<N>>
  container?: () => Promise<StartedStore<N>>
  local?: (onProgress: (line: string) => void) => Promise<StartedStore<N>>
  /** Whether the local server may be tried; by default it always may. */
  hasLocalServer?: () => Promise<boolean>
  standIn?: () => Promise<StartedStore<N>>
}
