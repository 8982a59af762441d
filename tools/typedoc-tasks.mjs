import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc'

/** The task that an export is for, by the folder or the file that declares it. */
const tasks = {
  connect: 'Connecting',
  stores: 'Connecting',
  transactions: 'Transactions',
  cache: 'Caching',
  invalidation: 'Caching',
  'cache-key.ts': 'Caching',
  outbox: 'Events',
  resync: 'Restoring',
  sessions: 'Sessions',
  'rate-limit': 'Rate limits',
  migrations: 'Migrations',
  'migrate.ts': 'Migrations',
  'migrations.ts': 'Migrations',
  host: 'In a host',
  tracing: 'In a host',
  vitals: 'In a host',
  'statuses.ts': 'In a host',
  'diagnostics.ts': 'In a host',
  'errors.ts': 'Results and failures',
  'result.ts': 'Results and failures',
  'failure-error.ts': 'Results and failures',
  users: 'Users',
  courses: 'Courses',
  enrollments: 'Enrollments',
  activity: 'Activity',
  query: 'Searching',
  spelling: 'Searching',
  upkeep: 'Index upkeep',
  waitlist: 'Waiting lists',
  indexing: 'Index upkeep',
  vectors: 'Vector indexes',
  embedders: 'Embedders',
  envelope: 'Brokers',
  inbox: 'Brokers',
  delivery: 'Brokers',
  consume: 'Brokers',
  nats: 'NATS',
  rabbitmq: 'RabbitMQ',
  kafka: 'Kafka',
  config: 'Command line',
  metrics: 'Telemetry',
  prometheus: 'Telemetry',
  opentelemetry: 'Telemetry',
  'console.ts': 'Console',
  'console-options.ts': 'Console',
  'node-listener.ts': 'Console',
  'serve-console.ts': 'Console',
  stack: 'Starting stores',
  servers: 'Servers',
  proxy: 'Faults',
  'mongodb-stand-in': 'Stand-ins',
  'pinecone-stand-in': 'Stand-ins',
  'openai-stand-in': 'Stand-ins',
  'http-stand-in': 'Stand-ins',
  contracts: 'Contracts',
}

/** A TypeDoc plugin: exports are listed by the task that they are for. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of project.getReflectionsByKind(ReflectionKind.SomeExport)) {
      if (!reflection.parent?.kindOf(ReflectionKind.Project | ReflectionKind.Module)) continue
      const task = taskOf(reflection.sources?.[0]?.fullFileName ?? '')
      const described = reflection.signatures?.[0] ?? reflection
      described.comment ??= new Comment()
      described.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: task }]))
    }
  })
}

function taskOf(file) {
  const [, first = ''] = /\/src\/([^/]+)/.exec(file) ?? []
  return tasks[first] ?? 'Building blocks'
}
