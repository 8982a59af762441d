import type { Explored } from './setting.ts'

/** What is explored, and the flaws that the exploration must find there. */
export const explored = {
  'a member that loses its connection': {
    setting: {
      writers: ['entry'],
      processes: 1,
      joins: 2,
      memberTicks: 2,
      rollsBack: true,
      troubles: { cuts: 1 },
    },
    flaws: [
      'no-wait',
      'gives-up-on-acknowledgements',
      'clock-read-only-when-renewing',
      'right-counted-from-the-reply',
      'listed-before-the-hold',
      'lost-script-is-waited-out',
      'no-guard',
      'guard-without-the-epoch',
      'renewal-over-another-connection',
      'renewal-elsewhere-that-revives',
      'acknowledged-before-the-drop',
    ],
  },
  'two writers and a member that loses its connection': {
    setting: {
      writers: ['entry', 'entry'],
      processes: 1,
      joins: 1,
      memberTicks: 1,
      troubles: { cuts: 1 },
    },
    flaws: ['removal-that-hides-a-member', 'removal-before-the-wait'],
  },
  'two members': {
    setting: { writers: ['entry'], processes: 2, joins: 2, memberTicks: 1 },
    flaws: ['no-wait', 'no-guard', 'listed-before-the-hold'],
  },
  'a clock of Redis that is set forward': {
    setting: {
      writers: ['entry'],
      processes: 1,
      joins: 1,
      memberTicks: 2,
      troubles: { clockSteps: 1 },
    },
    flaws: ['wait-in-server-time'],
  },
  'a hold that ends': {
    setting: {
      writers: ['entry'],
      processes: 1,
      joins: 1,
      memberTicks: 1,
      holdTicks: 3,
      renewsHolds: true,
    },
    flaws: ['hold-ends-before-the-cut-off'],
  },
  'a tag': {
    setting: {
      writers: ['tag', 'entry'],
      processes: 1,
      joins: 1,
      memberTicks: 1,
      tagged: true,
    },
    flaws: ['guard-from-the-fill', 'tag-dropped-by-key-only', 'no-guard'],
  },
  'a hash that nobody has made yet, and that is evicted': {
    setting: {
      writers: ['other', 'entry'],
      processes: 1,
      joins: 1,
      memberTicks: 1,
      isYoung: true,
      troubles: { hashEvictions: 1 },
    },
    flaws: ['settled-whatever-the-birth', 'no-birth'],
  },
  'a hold that is evicted': {
    setting: {
      writers: ['entry'],
      processes: 1,
      joins: 1,
      memberTicks: 1,
      renewsHolds: true,
      troubles: { evictions: 1 },
    },
    flaws: ['broken-hold-is-only-renewed', 'broken-release-is-not-published'],
  },
  'a Redis that is flushed': {
    setting: {
      writers: ['entry'],
      processes: 1,
      joins: 2,
      memberTicks: 1,
      renewsHolds: true,
      troubles: { flushes: 1 },
    },
    flaws: ['broken-hold-is-only-renewed', 'broken-release-is-not-published', 'no-birth'],
  },
  'a Redis that restarts': {
    setting: {
      writers: ['entry'],
      processes: 1,
      joins: 2,
      memberTicks: 1,
      troubles: { restarts: 1 },
    },
    flaws: ['no-birth'],
  },
  'a failover to a replica that lags': {
    setting: {
      writers: ['entry'],
      processes: 1,
      startsJoined: true,
      joins: 2,
      memberTicks: 1,
      troubles: { promotions: 1 },
    },
    flaws: ['birth-without-the-history'],
  },
  'a failover and the failback': {
    setting: {
      writers: ['entry'],
      processes: 1,
      startsJoined: true,
      joins: 1,
      memberTicks: 1,
      troubles: { promotions: 2 },
    },
    flaws: ['birth-without-the-history', 'no-check-of-the-history'],
  },
  'a server that is read while it is demoted and takes over the data of its successor': {
    setting: {
      writers: ['entry'],
      processes: 1,
      startsJoined: true,
      joins: 1,
      memberTicks: 1,
      resyncs: 'values are confirmed',
      troubles: { promotions: 1 },
    },
    flaws: ['value-of-a-demoted-server'],
  },
  'a server that is read while it is demoted, and promoted again': {
    setting: {
      writers: ['entry'],
      processes: 1,
      startsJoined: true,
      joins: 1,
      memberTicks: 1,
      resyncs: 'values are confirmed',
      troubles: { promotions: 2 },
    },
    flaws: ['value-of-a-demoted-server', 'no-check-of-the-history'],
  },
  'such a server, and reads that are checked': {
    setting: {
      writers: ['entry'],
      processes: 1,
      startsJoined: true,
      joins: 1,
      memberTicks: 1,
      resyncs: 'reads are checked',
      troubles: { promotions: 2 },
    },
    flaws: ['value-of-a-demoted-server'],
  },
} satisfies Explored
