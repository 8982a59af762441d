const core = 'packages/core'

/** What is broken, and the tests that must notice: globs and paths by name. */
export const targets = {
  scripts: {
    sources: [
      `${core}/src/cache/{fill,lease}.ts`,
      `${core}/src/invalidation/{hold,release,tags,marker}.ts`,
    ],
    tests: [
      `${core}/test/cache/scripts.int.test.ts`,
      `${core}/test/cache/tags.int.test.ts`,
      `${core}/test/invalidation/backlog.int.test.ts`,
      `${core}/test/invalidation/outage.int.test.ts`,
      `${core}/test/invalidation/silent-link.int.test.ts`,
    ],
  },
  sessions: {
    sources: [`${core}/src/sessions/scripts/*.ts`],
    tests: [`${core}/test/sessions`],
  },
  'rate-limit': {
    sources: [`${core}/src/rate-limit/scripts/*.ts`, `${core}/src/rate-limit/gcra.ts`],
    tests: [`${core}/test/rate-limit`],
  },
  invalidation: {
    sources: [`${core}/src/invalidation/{gate,intents,key-change,settlement,under-way}.ts`],
    tests: [`${core}/test/invalidation`, `${core}/test/cache/coherence.int.test.ts`],
  },
  cache: {
    sources: [`${core}/src/cache/{entry,flight,look,leased-load,parse-memo,source-rest}.ts`],
    tests: [`${core}/test/cache`],
  },
  relay: {
    sources: [
      `${core}/src/outbox/log/{tick,tick-log,purge}.ts`,
      `${core}/src/outbox/relay/{acknowledge,cursor,ownership,passage,shard-lease}.ts`,
    ],
    tests: [`${core}/test/outbox`],
  },
}
