/**
 * What an exploration found: every state that can be reached, or the first way to a state that must
 * not be.
 */
export interface Exploration {
  readonly states: number
  /** Whether every state that can be reached was visited; false only where a violation ended it. */
  readonly isComplete: boolean
  /** The names of the steps that were taken. */
  readonly taken: ReadonlySet<string>
  /** The steps to the first violation, in order; absent when there is none. */
  readonly violation?: readonly string[]
}

/**
 * One step that can be taken in a state: its name, who takes it, the state it leads to, and whether
 * taking it breaks the promise.
 */
export interface Step<State> {
  readonly name: string
  readonly actor: string
  readonly next: State
  readonly isViolation?: boolean
}

/**
 * Visits every state reachable from `initial`, breadth first and without any limit, until a step
 * breaks the promise.
 */
export function explore<State>(
  initial: State,
  steps: (state: State) => Iterable<Step<State>>,
  identify: (state: State) => string,
): Exploration {
  const path = new Path()
  const known = new Set<string>([identify(initial)])
  const taken = new Set<string>()
  let frontier: { state: State; at: number }[] = [{ state: initial, at: path.add(-1, '', '') }]
  while (frontier.length > 0) {
    const reached: typeof frontier = []
    for (const { state, at } of frontier) {
      for (const { name, actor, next, isViolation } of steps(state)) {
        taken.add(name)
        if (isViolation === true)
          return {
            states: known.size,
            isComplete: false,
            taken,
            violation: [...path.to(at), `${actor}: ${name}`],
          }
        const id = identify(next)
        if (known.has(id)) continue
        known.add(id)
        reached.push({ state: next, at: path.add(at, actor, name) })
      }
    }
    frontier = reached
  }
  return { states: known.size, isComplete: true, taken }
}

/** How each state was reached first, in little space: there are millions. */
class Path {
  readonly #from: number[] = []
  readonly #actors: string[] = []
  readonly #names: string[] = []

  add(from: number, actor: string, name: string): number {
    this.#actors.push(actor)
    this.#names.push(name)
    return this.#from.push(from) - 1
  }

  to(at: number): string[] {
    const path: string[] = []
    for (let index = at; index > 0; index = this.#from[index] ?? 0)
      path.unshift(`${this.#actors[index]}: ${this.#names[index]}`)
    return path
  }
}
