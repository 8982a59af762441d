import type { Explored } from './setting.ts'

/** What is explored while Redis answers, and the flaws that the exploration must find there. */
export const settings = {
  'two writers, two processes, evictions, crashes and unknown commits': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 2,
      readsPerReader: 1,
      troubles: { evictions: 1 },
      unknownCommits: true,
    },
    flaws: [
      'delete-after-commit',
      'lease-without-hold',
      'fill-without-lease',
      'hold-without-owner',
      'release-deletes-any-hold',
      'release-while-commit-is-unknown',
    ],
  },
  'three writers and a reader that reads twice': {
    setting: { writers: ['entry', 'entry', 'entry'], readers: 1, readsPerReader: 2 },
    flaws: ['release-deletes-any-hold'],
  },
  'two writers and two readers of one process that share loads': {
    setting: { writers: ['entry', 'entry'], readers: 2, readsPerReader: 1, sameProcess: true },
    flaws: ['followers-join-after-fill-was-sent', 'followers-trust-a-rejected-fill'],
  },
  'a writer and three readers of one process that share loads': {
    setting: { writers: ['entry'], readers: 3, readsPerReader: 1, sameProcess: true },
    flaws: ['followers-join-after-fill-was-sent'],
  },
  'readers of a held key that share loads without the cache': {
    setting: { writers: ['entry'], readers: 3, readsPerReader: 1, sameProcess: true, passes: true },
    flaws: ['bypass-joins-a-running-load'],
  },
  'values that are loaded anew while they answer, or once they have expired': {
    setting: { writers: ['entry'], readers: 2, readsPerReader: 2, refreshes: true },
    flaws: ['refresh-without-compare'],
  },
  'values that are loaded anew by readers of one process': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 2,
      refreshes: true,
      sameProcess: true,
    },
    flaws: ['refresh-without-compare', 'followers-trust-a-rejected-fill'],
  },
  'a tag, its eviction, and two processes': {
    setting: {
      writers: ['tag'],
      readers: 2,
      readsPerReader: 2,
      tagged: true,
      troubles: { evictions: 1 },
    },
    flaws: [
      'delete-after-commit',
      'tags-read-after-the-load',
      'tag-read-breaks-a-hold',
      'tag-nonces-repeat',
      'missing-tag-counts-as-unchanged',
      'held-tag-counts-as-unchanged',
    ],
  },
  'a tag, its eviction, and readers of one process that share loads': {
    setting: {
      writers: ['tag'],
      readers: 2,
      readsPerReader: 1,
      tagged: true,
      sameProcess: true,
      troubles: { evictions: 1 },
    },
    flaws: ['followers-do-not-read-tags-again'],
  },
  'a writer that invalidates the tag and another that invalidates the entry': {
    setting: { writers: ['tag', 'entry'], readers: 2, readsPerReader: 1, tagged: true },
    flaws: ['lease-without-hold'],
  },
  'two writers that invalidate the tag': {
    setting: { writers: ['tag', 'tag'], readers: 1, readsPerReader: 2, tagged: true },
    flaws: ['hold-without-owner', 'release-deletes-any-hold'],
  },
  'a writer that invalidates the tag and the entry': {
    setting: {
      writers: ['both'],
      readers: 2,
      readsPerReader: 1,
      tagged: true,
      troubles: { evictions: 1 },
    },
    flaws: ['delete-after-commit'],
  },
  'a hold that is evicted, but for reads that begin between the commit and the release': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 2,
      readsPerReader: 1,
      troubles: { holdEvictions: 1 },
    },
    flaws: ['release-spares-what-is-not-its-hold'],
  },
  'a hold of a tag that is evicted, but for reads that begin between the commit and the release': {
    setting: {
      writers: ['tag'],
      readers: 2,
      readsPerReader: 2,
      tagged: true,
      troubles: { holdEvictions: 1 },
    },
    flaws: ['release-spares-what-is-not-its-hold'],
  },
  'a standby of PostgreSQL that is promoted': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 1,
      readsPerReader: 2,
      unknownCommits: true,
      troubles: { promotions: 1 },
    },
    flaws: ['promoted-standby-is-believed', 'release-while-commit-is-unknown'],
  },
  'connections that are closed from outside': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 2,
      readsPerReader: 1,
      unknownCommits: true,
      closedConnections: true,
    },
    flaws: ['release-while-commit-is-unknown', 'hold-without-owner'],
  },
  'a clock of Redis that is set forward, but for reads between the commit and the release': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 2,
      readsPerReader: 1,
      troubles: { clockSteps: 1 },
    },
    flaws: ['release-spares-what-is-not-its-hold'],
  },
  'a batch of holds and releases of which Redis refuses a part': {
    setting: {
      writers: ['both'],
      readers: 2,
      readsPerReader: 1,
      tagged: true,
      troubles: { refusals: 2 },
    },
    flaws: ['refused-part-counts-as-held'],
  },
  'a hold that is evicted and a release that is refused': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 1,
      readsPerReader: 2,
      troubles: { holdEvictions: 1, refusals: 1 },
    },
    flaws: ['failed-release-leaves-no-intent', 'release-spares-what-is-not-its-hold'],
  },
} satisfies Explored
