import {
  addressSubjectDefaults,
  cacheDefaults,
  connectDefaults,
  invalidationDefaults,
  logDiagnosticsDefaults,
  migrateDefaults,
  nearDefaults,
  rateLimiterDefaults,
  relayDefaults,
  resyncDefaults,
  sessionDefaults,
  sinkDefaults,
  transactionDefaults,
} from '@headwater/core'
import {
  activityBufferDefaults,
  activityDefaults,
  encryptionDefaults,
  enrollmentDefaults,
  rotateDefaults,
  waitlistDefaults,
} from '@headwater/repositories'
import { erasureDefaults } from '@headwater/repositories'
import { brokerSinkDefaults, consumeDefaults, inboxDefaults } from '@headwater/brokers'
import { natsSinkDefaults } from '@headwater/brokers/nats'
import { telemetryDefaults } from '@headwater/telemetry'
import { instrumentDefaults } from '@headwater/telemetry/opentelemetry'
import { consoleDefaults, serveConsoleDefaults } from '@headwater/console'
import {
  courseSearchDefaults,
  openaiEmbedderDefaults,
  querySuggestionDefaults,
} from '@headwater/search'
import { expect, test } from 'vitest'
import { kindsByName } from '../../packages/core/src/connect/store-kinds.ts'
import { type OptionPage, tableOf } from './option-pages.ts'

const core = 'packages/core/src'
const repositories = 'packages/repositories/src'
const search = 'packages/search/src'
const brokers = 'packages/brokers/src'
const telemetry = 'packages/telemetry/src'
const webConsole = 'packages/console/src'

const storePages = kindsByName.map(([name, { options }]): OptionPage => {
  const variables = Object.entries(options).map(([option, { env, variable }]) => [
    option,
    typeof env === 'object' ? [variable ?? [], Object.values(env)].flat(2).join('`, `') : env,
  ])
  return {
    title: `connect({ ${name} })`,
    file: `${core}/stores/${name}/${name}-options.ts`,
    name: `${name.charAt(0).toUpperCase()}${name.slice(1)}Options`,
    defaults: connectDefaults[name],
    variables: Object.fromEntries(variables) as Record<string, string | undefined>,
  }
})

const pages: readonly OptionPage[] = [
  ...storePages,
  { title: 'tls of a store', file: `${core}/stores/tls/tls-options.ts`, name: 'TlsOptions' },
  {
    title: 'connect({ invalidation })',
    file: `${core}/invalidation/invalidation.ts`,
    name: 'InvalidationOptions',
    defaults: invalidationDefaults,
  },
  {
    title: 'connect({ near })',
    file: `${core}/near/near-options.ts`,
    name: 'NearOptions',
    defaults: nearDefaults,
  },
  {
    title: 'connect',
    file: `${core}/connect/connect-options.ts`,
    name: 'ConnectOptions',
    defaults: { connectDeadlineMs: connectDefaults.connectDeadlineMs },
    elsewhere: [...kindsByName.map(([name]) => name), 'invalidation', 'near'],
  },
  { title: 'stores.health', file: `${core}/connect/health.ts`, name: 'HealthOptions' },
  { title: 'stores.close', file: `${core}/connect/close.ts`, name: 'CloseOptions' },
  {
    title: 'migrate',
    file: `${core}/migrate.ts`,
    name: 'MigrateOptions',
    defaults: migrateDefaults,
  },
  {
    title: 'transaction',
    file: `${core}/transactions/transaction-options.ts`,
    name: 'TransactionOptions',
    defaults: transactionDefaults,
  },
  {
    title: 'defineCache',
    file: `${core}/cache/cache.ts`,
    name: 'CacheOptions',
    defaults: cacheDefaults,
  },
  {
    title: 'createRelay',
    file: `${core}/outbox/relay/relay-options.ts`,
    name: 'RelayOptions',
    defaults: relayDefaults,
  },
  {
    title: 'defineSink',
    file: `${core}/outbox/sink.ts`,
    name: 'Sink',
    defaults: sinkDefaults,
  },
  {
    title: 'resync',
    file: `${core}/resync/resync-options.ts`,
    name: 'ResyncOptions',
    defaults: resyncDefaults,
  },
  {
    title: 'rebuild',
    file: `${core}/resync/resync-options.ts`,
    name: 'RebuildOptions',
  },
  {
    title: 'Options of both',
    file: `${core}/resync/resync-options.ts`,
    name: 'ResyncScope',
    defaults: resyncDefaults,
  },
  {
    title: 'createSessions',
    file: `${core}/sessions/sessions.ts`,
    name: 'SessionOptions',
    defaults: sessionDefaults,
  },
  {
    title: 'createRateLimiter',
    file: `${core}/rate-limit/rate-limiter.ts`,
    name: 'RateLimiterOptions',
    defaults: rateLimiterDefaults,
  },
  {
    title: 'addressSubject',
    file: `${core}/rate-limit/address-subject.ts`,
    name: 'AddressSubjectOptions',
    defaults: addressSubjectDefaults,
  },
  {
    title: 'logDiagnostics',
    file: `${core}/host/log-diagnostics.ts`,
    name: 'LogDiagnosticsOptions',
    defaults: logDiagnosticsDefaults,
  },
  {
    title: 'createRepositories({ caches })',
    file: `${repositories}/cache-options.ts`,
    name: 'RepositoryCacheOptions',
  },
  {
    title: 'One of these caches',
    file: `${repositories}/cache-options.ts`,
    name: 'EntityCacheOptions',
  },
  {
    title: 'createRepositories({ activity })',
    file: `${repositories}/activity/activity-options.ts`,
    name: 'ActivityOptions',
    defaults: activityDefaults,
  },
  {
    title: 'The buffer of activity',
    file: `${repositories}/activity/buffer-options.ts`,
    name: 'ActivityBufferOptions',
    defaults: activityBufferDefaults,
  },
  {
    title: 'createRepositories({ enrollments })',
    file: `${repositories}/enrollments/enrollment-options.ts`,
    name: 'EnrollmentOptions',
    defaults: enrollmentDefaults,
  },
  {
    title: 'createRepositories({ waitlist })',
    file: `${repositories}/waitlist/waitlist-options.ts`,
    name: 'WaitlistOptions',
    defaults: waitlistDefaults,
  },
  {
    title: 'createRepositories({ erasures })',
    file: `${repositories}/users/erasure-options.ts`,
    name: 'ErasureOptions',
    defaults: erasureDefaults,
  },
  {
    title: 'createRepositories({ encryptedFields })',
    file: `${repositories}/encryption/encryption-options.ts`,
    name: 'EncryptionOptions',
    defaults: encryptionDefaults,
  },
  {
    title: 'encryption.rotate',
    file: `${repositories}/encryption/field-encryption.ts`,
    name: 'RotateOptions',
    defaults: rotateDefaults,
  },
  {
    title: 'createCourseSearch',
    file: `${search}/course-search-options.ts`,
    name: 'CourseSearchOptions',
    defaults: courseSearchDefaults,
  },
  {
    title: 'createCourseSearch({ querySuggestions })',
    file: `${search}/query/asked/query-suggestion-options.ts`,
    name: 'QuerySuggestionOptions',
    defaults: querySuggestionDefaults,
  },
  {
    title: 'createCourseSearch({ rerank })',
    file: `${search}/query/rerank.ts`,
    name: 'RerankOptions',
  },
  {
    title: 'openaiEmbedder',
    file: `${search}/embedders/openai-options.ts`,
    name: 'OpenaiEmbedderOptions',
    defaults: openaiEmbedderDefaults,
  },
  {
    title: 'pineconeIndex',
    file: `${search}/vectors/pinecone-index.ts`,
    name: 'PineconeIndexOptions',
  },
  {
    title: 'pgvectorIndex',
    file: `${search}/vectors/pgvector-index.ts`,
    name: 'PgvectorIndexOptions',
  },
  {
    title: 'Every sink of a broker',
    file: `${brokers}/delivery/broker-sink.ts`,
    name: 'BrokerSinkOptions',
    defaults: brokerSinkDefaults,
  },
  {
    title: 'natsSink',
    file: `${brokers}/nats/nats-sink.ts`,
    name: 'NatsSinkOptions',
    defaults: natsSinkDefaults,
  },
  {
    title: 'rabbitmqSink',
    file: `${brokers}/rabbitmq/rabbitmq-sink.ts`,
    name: 'RabbitmqSinkOptions',
  },
  { title: 'kafkaSink', file: `${brokers}/kafka/kafka-sink.ts`, name: 'KafkaSinkOptions' },
  {
    title: 'Every consumer of a broker',
    file: `${brokers}/consume/consume-options.ts`,
    name: 'ConsumeOptions',
    defaults: consumeDefaults,
  },
  { title: 'consumeNats', file: `${brokers}/nats/consume-nats.ts`, name: 'ConsumeNatsOptions' },
  {
    title: 'consumeRabbitmq',
    file: `${brokers}/rabbitmq/consume-rabbitmq.ts`,
    name: 'ConsumeRabbitmqOptions',
  },
  { title: 'consumeKafka', file: `${brokers}/kafka/consume-kafka.ts`, name: 'ConsumeKafkaOptions' },
  {
    title: 'inbox.purge',
    file: `${brokers}/inbox/inbox.ts`,
    name: 'PurgeInboxOptions',
    defaults: inboxDefaults,
  },
  {
    title: 'prometheus',
    file: `${telemetry}/metrics/telemetry-options.ts`,
    name: 'TelemetryOptions',
    defaults: telemetryDefaults,
  },
  {
    title: 'instrument',
    file: `${telemetry}/opentelemetry/instrument.ts`,
    name: 'InstrumentOptions',
    defaults: instrumentDefaults,
  },
  {
    title: 'createConsole',
    file: `${webConsole}/console-options.ts`,
    name: 'ConsoleOptions',
    defaults: consoleDefaults,
  },
  {
    title: 'serveConsole',
    file: `${webConsole}/serve-console.ts`,
    name: 'ServeConsoleOptions',
    defaults: serveConsoleDefaults,
  },
]

const introduction = `# Configuration

Every option, its default and its variable, generated from the code. Times are in milliseconds where
the name ends in \`Ms\`. A name that is not listed is refused, and the message names the closest one.

\`connectOptionsFromEnv(process.env)\` reads the variables below and nothing else. MongoDB and
Pinecone are configured when the first variable of their table is set.`

test('The reference of configuration is what the code says (update it with `vitest -u`)', async () => {
  const sections = pages.map((page) => `## ${headingOf(page)}\n\n${tableOf(page)}`)
  const markdown = `${[introduction, ...sections].join('\n\n')}\n`
  await expect(markdown).toMatchFileSnapshot('../../docs/guides/configuration.md')
})

function headingOf({ title }: OptionPage): string {
  return title.includes(' ') && !title.includes('(') ? title : `\`${title}\``
}
