const core = 'packages/core'
const [cache, invalidation, sessions, limits, outbox] = [
  `${core}/test/cache`,
  `${core}/test/invalidation`,
  `${core}/test/sessions`,
  `${core}/test/rate-limit`,
  `${core}/test/outbox`,
]

/**
 * What is broken, by globs, and the tests that must notice, by paths or folders. Those that exercise
 * a part most are its `first`; a mutant that survives them meets all `tests` of the target.
 */
export const targets = {
  scripts: {
    parts: [
      {
        sources: [
          `${core}/src/cache/{fill,lease}.ts`,
          `${core}/src/invalidation/{hold,release,tags,marker}.ts`,
        ],
        first: [`${cache}/scripts.int.test.ts`],
      },
    ],
    tests: [
      `${cache}/scripts.int.test.ts`,
      `${cache}/tags.int.test.ts`,
      `${invalidation}/backlog.int.test.ts`,
      `${invalidation}/outage.int.test.ts`,
      `${invalidation}/silent-link.int.test.ts`,
    ],
  },
  sessions: {
    parts: [
      {
        sources: [`${core}/src/sessions/scripts/{set-session,store,touch}-*.ts`],
        first: [`${sessions}/sessions.int.test.ts`, `${sessions}/session-bounds.int.test.ts`],
      },
      {
        sources: [`${core}/src/sessions/scripts/confirm-*.ts`],
        first: [`${sessions}/races.int.test.ts`, `${sessions}/session-bounds.int.test.ts`],
      },
      {
        sources: [`${core}/src/sessions/scripts/{begin,enter,epoch-of,forget,leave}-*.ts`],
        first: [`${sessions}/index-scripts.int.test.ts`],
      },
    ],
    tests: [
      `${sessions}/index-scripts.int.test.ts`,
      `${sessions}/races.int.test.ts`,
      `${sessions}/revocations.int.test.ts`,
      `${sessions}/clock-steps.int.test.ts`,
      `${sessions}/session`,
    ],
  },
  'rate-limit': {
    parts: [
      {
        sources: [`${core}/src/rate-limit/gcra.ts`],
        first: [`${limits}/gcra.test.ts`, `${limits}/memory-limiter.test.ts`],
      },
      {
        sources: [`${core}/src/rate-limit/scripts/*.ts`],
        first: [`${limits}/rate-limiter.int.test.ts`],
      },
    ],
    tests: [limits],
  },
  invalidation: {
    parts: [
      {
        sources: [`${core}/src/invalidation/gate.ts`],
        first: [`${invalidation}/gate.test.ts`],
      },
      {
        sources: [`${core}/src/invalidation/{intents,key-change,settlement}.ts`],
        first: [
          `${invalidation}/intents.test.ts`,
          `${invalidation}/key-change.test.ts`,
          `${invalidation}/settlement.test.ts`,
        ],
      },
      {
        sources: [`${core}/src/invalidation/under-way.ts`],
        first: [`${invalidation}/backlog.int.test.ts`, `${invalidation}/outage.int.test.ts`],
      },
    ],
    tests: [
      `${invalidation}/gate.test.ts`,
      `${invalidation}/intents.test.ts`,
      `${invalidation}/key-change.test.ts`,
      `${invalidation}/settlement.test.ts`,
      `${invalidation}/backlog.int.test.ts`,
      `${invalidation}/outage.int.test.ts`,
      `${invalidation}/prepared-transactions.int.test.ts`,
      `${invalidation}/promotion.int.test.ts`,
      `${invalidation}/silent-link.int.test.ts`,
      `${cache}/coherence.int.test.ts`,
    ],
  },
  cache: {
    parts: [
      {
        sources: [`${core}/src/cache/memo/{entry-memo,decoded-value,plain-value}.ts`],
        first: [`${cache}/memo`],
      },
      {
        sources: [`${core}/src/cache/{entry,flight,look,leased-load,source-rest}.ts`],
        first: [`${cache}/cache.int.test.ts`, `${cache}/grace.int.test.ts`],
      },
    ],
    tests: [cache],
  },
  near: {
    parts: [
      {
        sources: [`${core}/src/near/{sieve,recent-changes}.ts`],
        first: [`${core}/test/near/sieve.test.ts`, `${core}/test/near/recent-changes.test.ts`],
      },
      {
        sources: [`${core}/src/cache/near/near-cache.ts`],
        first: [`${core}/test/near/near-cache.test.ts`],
      },
      {
        sources: [`${core}/src/near/{announcements,change,member-scripts,membership}.ts`],
        first: [
          `${core}/test/near/membership.test.ts`,
          `${core}/test/near/near-faults.int.test.ts`,
        ],
      },
    ],
    tests: [`${core}/test/near`],
  },
  relay: {
    parts: [
      {
        sources: [
          `${core}/src/outbox/log/tick-log.ts`,
          `${core}/src/outbox/relay/{ownership,passage,shard-lease}.ts`,
        ],
        first: [
          `${outbox}/log/tick-log.test.ts`,
          `${outbox}/relay/ownership.test.ts`,
          `${outbox}/relay/passage.test.ts`,
          `${outbox}/relay/shard-lease.test.ts`,
        ],
      },
      {
        sources: [
          `${core}/src/outbox/log/{tick,purge}.ts`,
          `${core}/src/outbox/relay/{acknowledge,cursor}.ts`,
        ],
        first: [
          `${outbox}/log/purge.test.ts`,
          `${outbox}/relay/sink-relay.int.test.ts`,
          `${outbox}/log/purge.int.test.ts`,
        ],
      },
    ],
    tests: [outbox],
  },
}
