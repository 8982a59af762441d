export { startTestStack } from './test-stack.ts'
export type { TestStack, TestStackOptions } from './test-stack.ts'
export type { Rung, StoreName } from './rung.ts'
export type {
  OpenaiAddress,
  PineconeAddress,
  StoreAddress,
  StoreAddresses,
} from './store-address.ts'
export { isolate } from './isolate.ts'
export type { IsolatedStores, MongodbPart, PineconePart, RedisPart, StoreParts } from './isolate.ts'

export { faultProxy } from './fault-proxy.ts'
export type { FaultProxy } from './fault-proxy.ts'
export { leastRoundTrips } from './least-round-trips.ts'
export { eventually } from './eventually.ts'
export type { EventuallyOptions } from './eventually.ts'

export { startPostgresServer } from './postgres-server.ts'
export type { PostgresServer, PostgresServerOptions } from './postgres-server.ts'
export { createDatabase, dropDatabase } from './postgres-database.ts'
export { startRedisServer } from './redis-server.ts'
export type { RedisServer, RedisServerOptions } from './redis-server.ts'
export { startRedisCluster } from './redis-cluster.ts'
export type { RedisCluster, RedisClusterOptions } from './redis-cluster.ts'
export type { LocalServer } from './local-server.ts'
export { MissingServerError } from './missing-server-error.ts'

export { startMongodbStandIn } from './mongodb-stand-in/server.ts'
export type { MongodbStandIn, MongodbStandInOptions } from './mongodb-stand-in/server.ts'
export type { MongodbStore } from './mongodb-stand-in/store/mongodb-store.ts'
export { startPineconeStandIn } from './pinecone-stand-in/pinecone-stand-in.ts'
export type {
  PineconeStandIn,
  PineconeStandInIndex,
  PineconeStandInOptions,
} from './pinecone-stand-in/pinecone-stand-in.ts'
export { startOpenaiStandIn } from './openai-stand-in/openai-stand-in.ts'
export type { Metric } from './pinecone-stand-in/similarity.ts'
export type { OpenaiStandIn, OpenaiStandInOptions } from './openai-stand-in/openai-stand-in.ts'
export type { FailedAnswer, FaultScope, Faults } from './http-stand-in/faults.ts'
