/**
 * What an exploration found: every state that can be reached, or the first way to a state that must not be.
 */
export interface Exploration {
  readonly states: number
  /** The steps to the first violation, in order; absent when there is none. */
  readonly violation?: readonly string[]
}

/**
 * One step that can be taken in a state: its name, the state it leads to, and whether taking it breaks the promise.
 */
export interface Step<State> {
  readonly name: string
  readonly next: State
  readonly isViolation?: boolean
}

/**
 * Visits every state reachable from `initial`, breadth first, until a step breaks the promise.
 */
export function explore<State>(initial: State, steps: (state: State) => Iterable<Step<State>>, identify: (state: State) => string): Exploration {
  const origins = new Map<string, { from: string; step: string }>([[identify(initial), { from: '', step: '' }]])
  let frontier: State[] = [initial]
  while (frontier.length > 0) {
    const reached: State[] = []
    for (const state of frontier) {
      const from = identify(state)
      for (const { name, next, isViolation } of steps(state)) {
        if (isViolation === true) return { states: origins.size, violation: [...pathTo(from, origins), name] }
        const id = identify(next)
        if (origins.has(id)) continue
        origins.set(id, { from, step: name })
        reached.push(next)
      }
    }
    frontier = reached
  }
  return { states: origins.size }
}

function pathTo(id: string, origins: ReadonlyMap<string, { from: string; step: string }>): string[] {
  const path: string[] = []
  for (let origin = origins.get(id); origin !== undefined && origin.step !== ''; origin = origins.get(origin.from)) path.unshift(origin.step)
  return path
}
