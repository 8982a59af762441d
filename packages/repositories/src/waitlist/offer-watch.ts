import type { Stores, TransactionError } from '@headwater/core'
import { ok } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import { read, write } from '../sql.ts'
import { passOn } from './pass-on.ts'
import { selectCoursesToPassOn } from './waitlist-queries.ts'

/**
 * Passes on the seats of offers that have ended. Offers are rows of PostgreSQL, and every process
 * looks for them: whichever is alive passes a seat on, and a second one then finds nothing to do.
 */
export class OfferWatch {
  readonly #context: RepositoryContext
  #look: Promise<void> | undefined

  constructor(context: RepositoryContext) {
    this.#context = context
  }

  get #stores(): Stores {
    return this.#context.stores
  }

  /** Looks periodically until the stores are closed. A failure is reported, and tried again. */
  start(): void {
    const timer = setInterval(() => {
      this.#look ??= this.#lookOnce().finally(() => {
        this.#look = undefined
      })
    }, this.#context.waitlist.lookEveryMs).unref()
    this.#stores.beforeClose(async () => {
      clearInterval(timer)
      await this.#look
    })
  }

  /** Passes on the seats of each course in a transaction of its own. */
  async #lookOnce(): Promise<void> {
    const due = await read<{ id: number }>(this.#stores, [selectCoursesToPassOn, []])
    if (due.isErr()) return this.#report(due.error)
    for (const { id } of due.value.rows) {
      if (this.#stores.isClosing) return
      const passed = await this.#passOn(id)
      if (passed.isErr()) this.#report(passed.error)
    }
  }

  #passOn(courseId: number) {
    return write(this.#stores, async (tx) => {
      const course = await lockCourse(tx, courseId)
      if (course !== undefined) await passOn(tx, [courseId], this.#context)
      return ok(undefined)
    })
  }

  #report(error: TransactionError): void {
    this.#stores.diagnostics.emit('store:error', { store: 'postgres', error })
  }
}
