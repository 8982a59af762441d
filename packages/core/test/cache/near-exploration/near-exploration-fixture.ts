import { explore } from '../../explore.ts'
import { exploreEach } from '../../explore-each.ts'
import { identify } from './identify.ts'
import { protocol } from './protocol.ts'
import type { Explored, Flaw, Setting } from './setting.ts'
import { initialState } from './state.ts'

/** Explores each setting of the near tier. Each of these steps must be taken somewhere. */
export function exploreAll(explored: Explored, steps: readonly string[]): void {
  exploreEach<Setting, Flaw>(
    {
      find: (setting, flaw) => explore(initialState(setting), protocol(setting, flaw), identify),
      titles: [
        'No interleaving serves a near hit older than a commit carried out before it',
        'The exploration finds a stale near hit when the near tier is built with %s',
      ],
      leastStates: 1_000,
    },
    explored,
    steps,
  )
}
