import { explore } from '../../explore.ts'
import { exploreEach } from '../../explore-each.ts'
import { identify } from './identify.ts'
import { protocol } from './protocol.ts'
import type { Explored, Flaw, Setting } from './setting.ts'
import { initialState } from './state.ts'

/** Explores each setting of the cache. Each of these steps must be taken somewhere. */
export function exploreAll(explored: Explored, steps: readonly string[]): void {
  exploreEach<Setting, Flaw>(
    {
      find: (setting, flaw) => explore(initialState(setting), protocol(setting, flaw), identify),
      titles: [
        'No interleaving serves a value older than a commit carried out before the read began',
        'The exploration finds a stale read when the protocol is built with %s',
      ],
      leastStates: 5_000,
    },
    explored,
    steps,
  )
}
