// Which package may import which, and where a driver may be imported. Run by dependency-cruiser.
const drivers = '^(pg|redis|mongodb|@pinecone-database/pinecone|openai)$'
const inPackage = (name) => `^packages/${name}/`

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
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
          '^packages/core/src/stores/|^packages/search/src/(openai-embedder|pinecone-index)\\.ts$',
      },
      to: { path: drivers, dependencyTypesNot: ['type-only'] },
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
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['headwater-source', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
