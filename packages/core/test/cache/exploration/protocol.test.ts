import { describe, expect, it } from 'vitest'
import { type Exploration, explore } from './explore.ts'
import { protocol } from './protocol.ts'
import type { Flaw, Setting } from './setting.ts'
import { identify, initialState } from './state.ts'

const settings = {
  'two writers, two processes, evictions, crashes and unknown commits': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 2,
      readsPerReader: 1,
      evictions: 1,
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
    setting: { writers: ['tag'], readers: 2, readsPerReader: 2, tagged: true, evictions: 1 },
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
      evictions: 1,
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
    setting: { writers: ['both'], readers: 2, readsPerReader: 1, tagged: true, evictions: 1 },
    flaws: ['delete-after-commit'],
  },
  'an outage after which Redis returns as it was, empty or from a snapshot': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 1,
      outages: 1,
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: [
      'no-gate',
      'gate-looks-at-committed-events-only',
      'no-run-id',
      'gate-ignores-transactions-under-way',
    ],
  },
  'such an outage and readers of one process that share loads': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 1,
      sameProcess: true,
      outages: 1,
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: ['followers-trust-another-server'],
  },
  'such an outage and a tag': {
    setting: {
      writers: ['tag'],
      readers: 1,
      readsPerReader: 2,
      tagged: true,
      outages: 1,
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: ['no-gate', 'no-run-id'],
  },
  'holds from before the transaction has an id, and such an outage': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 1,
      holdsBeforeId: true,
      outages: 1,
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: ['holds-before-the-id-are-not-issued-again', 'gate-ignores-transactions-under-way'],
  },
  'two outages in a row': {
    setting: { writers: ['entry'], readers: 2, readsPerReader: 1, outages: 2, returns: ['intact'] },
    flaws: ['gate-forgets-the-second-outage'],
  },
  'Redis out of reach for the writer only, once its intent was seen or settled': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 1,
      readsPerReader: 2,
      isFirstWriterCutOff: true,
    },
    flaws: ['intent-settled-before-its-transaction-ended', 'intent-removed-before-its-keys'],
  },
  'a hold that is evicted, but for reads that begin between the commit and the release': {
    setting: { writers: ['entry', 'entry'], readers: 2, readsPerReader: 1, holdEvictions: 1 },
    flaws: ['release-spares-what-is-not-its-hold'],
  },
  'a hold of a tag that is evicted, but for reads that begin between the commit and the release': {
    setting: { writers: ['tag'], readers: 2, readsPerReader: 2, tagged: true, holdEvictions: 1 },
    flaws: ['release-spares-what-is-not-its-hold'],
  },
} satisfies Record<string, { setting: Setting; flaws: Flaw[] }>

const found = (setting: Setting, flaw?: Flaw) =>
  explore(initialState(setting), protocol(setting, flaw), identify)
const sound: Exploration[] = []

describe.each(Object.entries(settings))('with %s', (_, { setting, flaws }) => {
  it(
    'No interleaving serves a value older than a commit carried out before the read began',
    { timeout: 120_000 },
    () => {
      const exploration = found(setting)
      sound.push(exploration)
      expect(exploration.violation).toBeUndefined()
      expect(exploration.isComplete).toBe(true)
      expect(exploration.states).toBeGreaterThan(5_000)
    },
  )

  it.each(flaws as Flaw[])(
    'The exploration finds a stale read when the protocol is built with %s',
    { timeout: 120_000 },
    (flaw) => {
      expect(found(setting, flaw).violation).toBeDefined()
    },
  )
})

it('Every kind of step and of trouble is taken somewhere in the explorations', () => {
  const taken = new Set(sound.flatMap((exploration) => [...exploration.taken]))
  expect([...taken]).toEqual(
    expect.arrayContaining([
      'hold the entry',
      'hold the tag',
      'hold fails',
      'get an id',
      'intent',
      'send COMMIT',
      'COMMIT is carried out',
      'COMMIT is lost',
      'ROLLBACK',
      'crash',
      'lose the connection',
      'ask and end',
      'give up asking',
      'release the entry',
      'release the tag',
      'release fails',
      'look: hit',
      'look: miss',
      'look: pass',
      'look: expired',
      'look: hit and refresh',
      'look at the tag: hit',
      'look at the entry: hit',
      'look at the tag: pass',
      'lead',
      'lease',
      'lease fails',
      'read the tag',
      'load',
      'send fill',
      'fill is carried out',
      'fill is lost',
      'read the tag again',
      'join',
      'share the load',
      'look again',
      'load without the cache',
      'note the transactions under way',
      'see no intent',
      'see an intent',
      'open the gate',
      'delete the keys of an intent',
      'delete the intent',
      'the entry is evicted',
      'the tag is evicted',
      'a hold of the entry is evicted',
      'a hold of the tag is evicted',
      'lease expires',
      'a hold of the entry expires',
      'a hold of the tag expires',
      'outage',
      'snapshot is saved',
      'Redis returns intact',
      'Redis returns empty',
      'Redis returns with a snapshot',
    ]),
  )
})
