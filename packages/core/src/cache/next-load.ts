/**
 * Shares loads between callers that may not be given anything older than their question: everybody
 * gets a load that began after they asked. At most one runs and one waits per key.
 */
export class NextLoad<Value> {
  readonly #running = new Map<string, Promise<Value>>()
  readonly #queued = new Map<string, Promise<Value>>()

  /** Joins the next load of `key`, or begins it. */
  join(key: string, load: () => Promise<Value>): Promise<Value> {
    const running = this.#running.get(key)
    if (running === undefined) return this.#start(key, load)
    const queued = this.#queued.get(key)
    if (queued !== undefined) return queued
    const next = running.then(ignore, ignore).then(() => {
      this.#queued.delete(key)
      return this.#start(key, load)
    })
    this.#queued.set(key, next)
    return next
  }

  #start(key: string, load: () => Promise<Value>): Promise<Value> {
    const running = load().finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key)
    })
    this.#running.set(key, running)
    return running
  }
}

function ignore(): void {}
