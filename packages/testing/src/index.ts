export { startTestStack } from './stack/test-stack.ts'
export type { TestStack, TestStackOptions } from './stack/test-stack.ts'
export type { Rung, StoreName } from './stack/rung.ts'
export type {
  OpenaiAddress,
  PineconeAddress,
  StoreAddress,
  StoreAddresses,
} from './stack/store-address.ts'
export { isolate } from './stack/isolate.ts'
export type {
  IsolatedStores,
  MongodbPart,
  PineconePart,
  RedisPart,
  StoreParts,
} from './stack/isolate.ts'

export { faultProxy } from './proxy/fault-proxy.ts'
export type { FaultProxy } from './proxy/fault-proxy.ts'
export { leastRoundTrips } from './proxy/least-round-trips.ts'
export { eventually } from './eventually.ts'
export type { EventuallyOptions } from './eventually.ts'

export { startPostgresServer } from './servers/postgres-server.ts'
export type { PostgresServer, PostgresServerOptions } from './servers/postgres-server.ts'
export { startPostgresStandby } from './servers/postgres-standby.ts'
export type { PostgresStandby, PostgresStandbyOptions } from './servers/postgres-standby.ts'
export { createDatabase, dropDatabase } from './stack/postgres-database.ts'
export { startRedisServer } from './servers/redis-server.ts'
export type { RedisServer, RedisServerOptions } from './servers/redis-server.ts'
export { freePort } from './servers/free-port.ts'
export { startRedisCluster } from './servers/redis-cluster.ts'
export type { RedisCluster, RedisClusterOptions } from './servers/redis-cluster.ts'
export { startRedisSentinels } from './servers/redis-sentinels.ts'
export type { RedisSentinels, RedisSentinelsOptions } from './servers/redis-sentinels.ts'
export type { LocalServer } from './servers/local-server.ts'
export { MissingServerError } from './servers/missing-server-error.ts'

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
export type {
  OpenaiStandIn,
  OpenaiStandInOptions,
  OpenaiVariant,
  OpenaiVariantAnswer,
} from './openai-stand-in/openai-stand-in.ts'
export type { FailedAnswer, FaultScope, Faults } from './http-stand-in/faults.ts'
