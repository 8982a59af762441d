/**
 * Lets commands that send or receive much go one at a time, in the order they came: a connection
 * that several share is never busy with more than one of them.
 */
export class HeavyTurns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs a command after all that came before it. `run` must not reject. */
  take<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(run)
    this.#last = turn
    return turn
  }
}
