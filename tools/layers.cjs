// Which package may import which, and where a driver may be imported. Run by dependency-cruiser.
const drivers = '^(pg|@redis/client|mongodb|@pinecone-database/pinecone|openai)$'
const brokerClients = {
  nats: '@nats-io/',
  rabbitmq: '(^|/)amqplib(/|$)',
  kafka: '@platformatic/kafka',
}
const inPackage = (name) => `^packages/${name}/`

// A folder may import those before it. A list in place of a name: these stand side by side.
const coreFloors = [
  // The ground: every file that lies in src itself, failures, and what tracers are told.
  '([^/]+\\.ts|failure|tracing)',
  ['host', 'resilience'],
  'stores',
  'near',
  'invalidation',
  'connect',
  ['migrations', 'outbox', 'cache', 'sessions', 'rate-limit'],
  'transactions',
  ['resync', 'vitals'],
]
const searchRooms = [
  ['(course-reader|results-tag|migrations)\\.ts', 'typed'],
  'embedders',
  'vectors',
  ['indexing', 'spelling'],
  ['query', 'upkeep'],
]
const telemetryFloors = ['version\\.ts', 'metrics', ['prometheus', 'opentelemetry']]
const brokersFloors = [['envelope', 'inbox'], 'delivery', 'consume', ['nats', 'rabbitmq', 'kafka']]
const consoleFloors = [
  ['contract', 'bounded-postgres\\.ts', 'action\\.ts'],
  ['audit', 'figures', 'http', 'section\\.ts'],
  'screen\\.ts',
  'screens',
]
// Above every floor.
const roofs = '(index|migrate|course-search|course-search-options)\\.ts$'

function floorRules(root, floors) {
  const rooms = floors.flatMap((floor, level) => [floor].flat().map((room) => ({ room, level })))
  return rooms.map(({ room, level }) => ({
    name: `floors-of-${root.split('/')[1]}: ${room}`,
    severity: 'error',
    from: { path: `^${root}/${room}(/|$)`, pathNot: `^${root}/${roofs}` },
    to: {
      path: rooms
        .filter((other) => other.level > level || (other.level === level && other.room !== room))
        .map((other) => `^${root}/${other.room}(/|$)`)
        .concat(`^${root}/${roofs}`),
    },
  }))
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...floorRules('packages/core/src', coreFloors),
    ...floorRules('packages/search/src', searchRooms),
    ...floorRules('packages/brokers/src', brokersFloors),
    ...floorRules('packages/telemetry/src', telemetryFloors),
    ...floorRules('packages/console/src', consoleFloors),
    {
      name: 'console-imports-core',
      severity: 'error',
      from: { path: '^packages/console/src' },
      to: { path: '^packages/(?!core/|console/|repositories/|search/)' },
    },
    {
      name: 'console-imports-only-types-of-repositories-and-search',
      severity: 'error',
      from: { path: '^packages/console/src' },
      to: { path: '^packages/(repositories|search)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-of-the-console-imports-only-its-contract',
      severity: 'error',
      from: { path: '^packages/console/client' },
      to: { path: '^packages/(?!console/(client|src/contract)/)' },
    },
    {
      name: 'brokers-import-core-only',
      severity: 'error',
      from: { path: '^packages/brokers/src' },
      to: { path: '^packages/(?!core/|brokers/)' },
    },
    {
      name: 'cli-imports-core',
      severity: 'error',
      from: { path: '^packages/cli/src' },
      to: { path: '^packages/(?!core/|cli/|console/|repositories/|search/)' },
    },
    {
      name: 'cli-imports-only-types-of-repositories-and-search',
      severity: 'error',
      from: { path: '^packages/cli/src' },
      to: { path: '^packages/(repositories|search)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'help-loads-no-command',
      severity: 'error',
      from: {
        path: '^packages/cli/src/(main|run|program|invocation)\\.ts|^packages/cli/src/programs/',
      },
      to: {
        path: '^packages/(core/|cli/src/(commands|config|doctor)/)',
        dependencyTypesNot: ['type-only', 'dynamic-import'],
      },
    },
    {
      name: 'telemetry-imports-core-only',
      severity: 'error',
      from: { path: '^packages/telemetry/src' },
      to: { path: '^packages/(?!core/|telemetry/)' },
    },
    {
      name: 'opentelemetry-only-in-its-entry',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/telemetry/(src|test)/opentelemetry/' },
      to: { path: '@opentelemetry/' },
    },
    ...Object.entries(brokerClients).map(([room, client]) => ({
      name: `a-client-of-a-broker-only-in: ${room}`,
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/brokers/(src|test)/${room}/` },
      to: { path: client },
    })),
    {
      name: 'core-imports-no-package',
      severity: 'error',
      from: { path: '^packages/core/src' },
      to: { path: '^packages/(?!core/)' },
    },
    {
      name: 'repositories-import-core-only',
      severity: 'error',
      from: { path: '^packages/repositories/src' },
      to: { path: '^packages/(?!core/|repositories/)' },
    },
    {
      name: 'search-imports-core',
      severity: 'error',
      from: { path: '^packages/search/src' },
      to: { path: '^packages/(?!core/|search/|repositories/)' },
    },
    {
      name: 'search-imports-only-types-of-repositories',
      severity: 'error',
      from: { path: '^packages/search/src' },
      to: { path: inPackage('repositories'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'testing-imports-core-and-search',
      severity: 'error',
      from: { path: '^packages/testing/src' },
      to: { path: '^packages/(?!core/|search/|testing/)' },
    },
    {
      name: 'no-way-into-a-package-but-its-index',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src' },
      to: { path: '^packages/[^/]+/src/(?!index\\.ts$)', pathNot: '^packages/$1/' },
    },
    {
      name: 'drivers-only-in-their-stores',
      severity: 'error',
      from: {
        path: '^packages/(core|repositories|search)/src',
        pathNot:
          '^packages/core/src/stores/|^packages/search/src/(embedders/openai-client|vectors/pinecone-index)\\.ts$',
      },
      to: { path: drivers, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'zod-is-imported-in-its-small-form',
      severity: 'error',
      from: { path: '^packages/[^/]+/src' },
      to: { path: '/zod/(index|v4/(index|classic))' },
    },
    {
      name: 'neverthrow-in-one-file',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/core/src/result\\.ts$' },
      to: { path: 'node_modules/.*neverthrow|^neverthrow$' },
    },
    {
      name: 'no-buckets',
      severity: 'error',
      from: {},
      to: { path: '(^|/)(utils?|helpers?|common|shared|misc)(/|\\.ts$)', pathNot: 'node_modules' },
    },
    {
      name: 'sources-import-no-tests',
      severity: 'error',
      from: { path: '/src/' },
      to: { path: '/test/' },
    },
    {
      name: 'benchmarks-and-tests-apart',
      severity: 'error',
      from: { path: '^benchmarks/|^soaks/|^load/|^drills/' },
      to: { path: '/test/', pathNot: '^(soaks|load|drills)/' },
    },
    {
      name: 'tests-and-benchmarks-apart',
      severity: 'error',
      from: { path: '^(packages|examples)/[^/]+/test/|^test/' },
      to: { path: '^benchmarks/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.next)/|next-env\\.d\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['headwater-source', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
