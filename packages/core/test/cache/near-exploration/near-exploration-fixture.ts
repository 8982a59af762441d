import { describe, expect, it } from 'vitest'
import { type Exploration, explore } from '../../explore.ts'
import { identify } from './identify.ts'
import { protocol } from './protocol.ts'
import type { Explored, Flaw, Setting } from './setting.ts'
import { initialState } from './state.ts'

const found = (setting: Setting, flaw?: Flaw) =>
  explore(initialState(setting), protocol(setting, flaw), identify)

/**
 * Explores each setting with the near tier as it is and with each flaw, and expects every one of
 * these steps to be taken somewhere.
 */
export function exploreEach(explored: Explored, steps: readonly string[]): void {
  const sound: Exploration[] = []

  describe.each(Object.entries(explored))('with %s', (_, { setting, flaws }) => {
    it(
      'No interleaving serves a near hit older than a commit carried out before it',
      { timeout: 120_000 },
      () => {
        const exploration = found(setting)
        sound.push(exploration)
        expect(exploration.violation).toBeUndefined()
        expect(exploration.isComplete).toBe(true)
        expect(exploration.states).toBeGreaterThan(1_000)
      },
    )

    it.each(flaws)(
      'The exploration finds a stale near hit when the near tier is built with %s',
      { timeout: 120_000 },
      (flaw) => {
        expect(found(setting, flaw).violation).toBeDefined()
      },
    )
  })

  it('Every kind of step and of trouble is taken somewhere in the explorations', () => {
    const taken = new Set(sound.flatMap((exploration) => [...exploration.taken]))
    expect([...taken]).toEqual(expect.arrayContaining([...steps]))
  })
}
