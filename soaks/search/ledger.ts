/**
 * A period in which a course must not be found: from the return of its unpublication or deletion to
 * the call that publishes it again.
 */
interface Denial {
  readonly fromMs: number
  toMs: number
}

/** Records what the writers did to courses, as seen from outside. */
export class Ledger {
  readonly #denials = new Map<number, Denial[]>()

  /** The unpublication or deletion of a course has returned. */
  denied(courseId: number): void {
    const denials = this.#denials.get(courseId) ?? []
    if (denials.at(-1)?.toMs !== Infinity)
      denials.push({ fromMs: performance.now(), toMs: Infinity })
    this.#denials.set(courseId, denials)
  }

  /** A course is about to be published again. */
  publishing(courseId: number): void {
    const last = this.#denials.get(courseId)?.at(-1)
    if (last?.toMs === Infinity) last.toMs = performance.now()
  }

  /** Counts the courses that must not be found at any moment of a search. */
  countDenied(
    courseIds: readonly number[],
    search: { readonly fromMs: number; readonly toMs: number },
  ): number {
    const isDenied = ({ fromMs, toMs }: Denial): boolean =>
      fromMs <= search.fromMs && toMs >= search.toMs
    return courseIds.filter((id) => this.#denials.get(id)?.some(isDenied) === true).length
  }
}
