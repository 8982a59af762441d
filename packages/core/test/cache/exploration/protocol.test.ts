import { describe, expect, it } from 'vitest'
import { type Exploration, explore } from '../../explore.ts'
import { settings } from './explored.ts'
import { protocol } from './protocol.ts'
import type { Flaw, Setting } from './setting.ts'
import { identify } from './identify.ts'
import { initialState } from './state.ts'

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
      'the release is refused',
      'the hold of the entry is refused',
      'the hold of the tag is refused',
      'the connection is closed',
      'a standby is promoted',
      'ask another server and end',
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
      'begin a flush',
      'replace the marker',
      'delete the intents of a flush',
      'give up a flush',
      'read the marker',
      'the marker is evicted',
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
      'Redis returns as its replica',
      'the replica catches up',
      'the clock of Redis is set forward',
    ]),
  )
})
