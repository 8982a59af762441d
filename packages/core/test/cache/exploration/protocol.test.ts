import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { identify, initialState, protocol, type Flaw, type Setting } from './protocol-model.ts'

const settings = {
  'two writers, two processes, evictions, crashes and unknown commits': {
    setting: { writers: 2, readers: 2, readsPerReader: 1, evictions: 1, unknownCommits: true },
    flaws: ['delete-after-commit', 'lease-without-hold', 'hold-without-owner', 'release-deletes-any-hold', 'release-while-commit-is-unknown'],
  },
  'two writers and two readers of one process that share loads': {
    setting: { writers: 2, readers: 2, readsPerReader: 1, sameProcess: true },
    flaws: ['followers-join-after-fill-was-sent', 'followers-trust-a-rejected-fill'],
  },
  'a writer and three readers of one process that share loads': {
    setting: { writers: 1, readers: 3, readsPerReader: 1, sameProcess: true },
    flaws: ['followers-join-after-fill-was-sent'],
  },
  'an outage after which Redis returns as it was': {
    setting: { writers: 1, readers: 2, readsPerReader: 1, outages: 1, returns: ['intact'] },
    flaws: ['no-gate', 'gate-looks-at-committed-events-only'],
  },
  'an outage after which Redis returns as it was, empty or from a snapshot': {
    setting: { writers: 1, readers: 2, readsPerReader: 1, outages: 1, returns: ['intact', 'empty', 'snapshot'] },
    flaws: ['no-run-id', 'gate-ignores-transactions-under-way'],
  },
  'two outages in a row': {
    setting: { writers: 1, readers: 2, readsPerReader: 1, outages: 2, returns: ['intact'] },
    flaws: ['gate-forgets-the-second-outage'],
  },
} satisfies Record<string, { setting: Setting; flaws: Flaw[] }>

const found = (setting: Setting, flaw?: Flaw) => explore(initialState(setting), protocol(setting, flaw), identify)

describe.each(Object.entries(settings))('with %s', (_, { setting, flaws }) => {
  it('no interleaving serves a value older than a commit carried out before the read began', { timeout: 120_000 }, () => {
    const { states, violation } = found(setting)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(50_000)
  })

  it.each(flaws as Flaw[])('the same exploration finds a stale read when the protocol is built with %s', { timeout: 120_000 }, (flaw) => {
    expect(found(setting, flaw).violation).toBeDefined()
  })
})
