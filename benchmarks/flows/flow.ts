import assert from 'node:assert/strict'
import type { Contest, Contestant } from '../measure/alternate.ts'
import type { FlowsFixture } from './flows-fixture.ts'

/** One operation, done on either side. */
export interface Flow {
  /** Does the first operations on both sides and compares their answers. */
  check(): Promise<void>
  /** A contest of so many callers, each of which goes on once it is answered. */
  contest(load: Load): Contest
}

/** How an operation is asked for in one round. */
export interface Load {
  readonly callers: number
  readonly operations: number
}

/** The parts of a flow. */
export interface FlowParts<Item, Ours, Hand> {
  /**
   * The input of the nth operation of a side. Both sides get the same inputs in the same order; an
   * operation that must not meet its own effects gets new ones for ever.
   */
  readonly item: (n: number) => Item
  readonly ours: Side<Item, Ours>
  readonly byHand: Side<Item, Hand>
  /** Operations whose answers are compared. */
  readonly checked: number
}

/** One side of a flow. */
export interface Side<Item, Answer> {
  readonly run: (item: Item) => PromiseLike<Answer>
  /** The answer, or what it says of the stores, in a shape that both sides have. */
  readonly answer: (answer: Answer, item: Item) => unknown
  /** What has to be true before a round; not timed. */
  readonly prepare?: () => Promise<void>
}

/** Puts a flow together. */
export function flowOf<Item, Ours, Hand>(
  { ours, byHand }: FlowsFixture,
  parts: FlowParts<Item, Ours, Hand>,
): Flow {
  const sides = {
    ours: new Rounds(ours, parts.ours, parts.item),
    theirs: new Rounds(byHand, parts.byHand, parts.item),
  }
  return {
    check: async () => {
      const answers = await sides.ours.answers(parts.checked)
      assert.deepEqual(answers, await sides.theirs.answers(parts.checked))
    },
    contest: (load) => ({
      ours: sides.ours.contestant(load),
      theirs: sides.theirs.contestant(load),
      operations: load.operations,
    }),
  }
}

/** The rounds of one side, which never repeat an input unless the flow does. */
class Rounds<Item, Answer> {
  readonly #later: { settled(): Promise<void> }
  readonly #side: Side<Item, Answer>
  readonly #item: (n: number) => Item
  #count = 0

  constructor(
    later: { settled(): Promise<void> },
    side: Side<Item, Answer>,
    item: (n: number) => Item,
  ) {
    this.#later = later
    this.#side = side
    this.#item = item
  }

  contestant({ callers, operations }: Load): Contestant {
    return async () => {
      const items = (await this.#next(operations)).values()
      const caller = async (): Promise<void> => {
        for (const item of items) await this.#side.run(item)
      }
      return () => Promise.all(Array.from({ length: callers }, caller))
    }
  }

  async answers(count: number): Promise<readonly unknown[]> {
    const answers: unknown[] = []
    for (const item of await this.#next(count)) {
      const answer = await this.#side.run(item)
      await this.#later.settled()
      answers.push(await this.#side.answer(answer, item))
    }
    return answers
  }

  /** Waits for what the round before left for later, and makes the inputs of the next. */
  async #next(count: number): Promise<readonly Item[]> {
    await this.#later.settled()
    await this.#side.prepare?.()
    return Array.from({ length: count }, () => this.#item(this.#count++))
  }
}
