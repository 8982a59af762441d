/**
 * Shares loads between callers that must not receive anything older than their question: every
 * caller gets a load that began after it asked. Per key, at most one load runs and one waits.
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
