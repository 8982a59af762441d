/**
 * Lets one loop sleep until it is woken or a time has passed. A wake while it is awake ends the
 * next sleep at once.
 */
export class Wake {
  #isWoken = false
  #end: (() => void) | undefined

  wake(): void {
    this.#isWoken = true
    this.#end?.()
  }

  /** Sleeps for at most `ms` milliseconds. */
  async sleep(ms: number): Promise<void> {
    if (!this.#isWoken && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#end = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#end = undefined
    this.#isWoken = false
  }
}
