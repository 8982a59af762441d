import { AsyncLocalStorage } from 'node:async_hooks'

/** Deepest nesting of loaders that read caches. */
const deepest = 100

// Holds nothing itself: the scope belongs to the asynchronous call that runs in it.
const scopes = new AsyncLocalStorage<LoadScope>()

/**
 * A load under way, as the reads see it that its loader makes.
 *
 * Such reads must not wait for loads of other scopes: one of those may wait for this one, directly
 * or because unrelated rows share a batch. Scopes therefore share loads only among themselves.
 */
export class LoadScope {
  readonly #parent: LoadScope | undefined
  readonly #keys: readonly string[]
  readonly #depth: number

  private constructor(parent: LoadScope | undefined, keys: readonly string[]) {
    this.#parent = parent
    this.#keys = keys
    this.#depth = parent === undefined ? 1 : parent.#depth + 1
  }

  /** The load whose loader makes the current call; `undefined` outside loaders. */
  static get current(): LoadScope | undefined {
    return scopes.getStore()
  }

  /** Runs the loader of `keys` in a scope within the current one. */
  static run<T>(keys: readonly string[], load: () => T): T {
    return scopes.run(new LoadScope(scopes.getStore(), keys), load)
  }

  /** Runs work that no loader waits for outside of every scope. */
  static leave<T>(work: () => T): T {
    return scopes.exit(work)
  }

  /** Whether loading `key` here waits for itself, or the nesting is too deep to end well. */
  isCircular(key: string): boolean {
    if (this.#depth >= deepest) return true
    const isOnly = this.#keys.length === 1 && this.#keys[0] === key
    return isOnly || (this.#parent?.isCircular(key) ?? false)
  }
}
