import { describe, expect, it } from 'vitest'
import type { Exploration } from './explore.ts'

/** A setting that is explored, and the flaws that break the promise in it. */
interface ExploredSetting<Setting, Flaw> {
  readonly setting: Setting
  readonly flaws: readonly Flaw[]
}

/** What a protocol promises, and how its explorations are told apart from trivial ones. */
export interface Promised<Setting, Flaw extends string> {
  /** Explores one setting, with the protocol as it is or with a flaw. */
  readonly find: (setting: Setting, flaw?: Flaw) => Exploration
  /** Titles of the tests; `%s` in the second stands for the flaw. */
  readonly titles: readonly [kept: string, broken: string]
  /** States that every setting has at least. */
  readonly leastStates: number
}

/**
 * Explores each setting with the protocol as it is and with each flaw, and expects every one of
 * these steps to be taken somewhere.
 */
export function exploreEach<Setting, Flaw extends string>(
  { find, titles: [kept, broken], leastStates }: Promised<Setting, Flaw>,
  explored: Readonly<Record<string, ExploredSetting<Setting, Flaw>>>,
  steps: readonly string[],
): void {
  const sound: Exploration[] = []

  describe.each(Object.entries(explored))('with %s', (_, { setting, flaws }) => {
    it(kept, { timeout: 120_000 }, () => {
      const exploration = find(setting)
      sound.push(exploration)
      expect(exploration.violation).toBeUndefined()
      expect(exploration.isComplete).toBe(true)
      expect(exploration.states).toBeGreaterThan(leastStates)
    })

    it.each(flaws)(broken, { timeout: 120_000 }, (flaw) => {
      expect(find(setting, flaw).violation).toBeDefined()
    })
  })

  it('Every kind of step and of trouble is taken somewhere in the explorations', () => {
    const taken = new Set(sound.flatMap((exploration) => [...exploration.taken]))
    expect([...taken]).toEqual(expect.arrayContaining([...steps]))
  })
}
