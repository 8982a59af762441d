import type { Stores } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import type { CandidateCache, CandidateSource } from '../candidate-cache.ts'
import type { CandidateQuery } from '../find-candidates.ts'
import type { Ranking } from '../fusion/fuse.ts'
import type { ReadCourses } from '../pages/course-guesses.ts'
import { extended } from '../pages/find-page.ts'
import { deepest } from '../pages/page-cursor.ts'
import type { SearchTimings } from './search-explanation.ts'
import { LookTrace } from './search-trace.ts'
import type { LookNotes, Step } from './search-trace.ts'

/** Takes down what a search does: its looks into the legs, and the courses that it reads. */
export class WatchedSearch {
  /** The courses that were read, `undefined` where there is none any more. */
  readonly read = new Map<number, Course | undefined>()
  readonly #looks: LookTrace[] = []
  readonly #times = new Map<Step, number>()
  readonly #clock: Stores['clock']

  constructor({ clock }: Pick<Stores, 'clock'>) {
    this.#clock = clock
  }

  /** The notes of every look, the deepest last. */
  get looks(): readonly LookNotes[] {
    return this.#looks.map(({ notes }) => notes)
  }

  /** The ranking that pages are taken from. */
  get ranking(): Ranking {
    return this.looks.reduce<Ranking>((found, look) => extended(found, look.found ?? []), [])
  }

  get timings(): SearchTimings {
    const of = (step: Step): number => this.#times.get(step) ?? 0
    return {
      embeddingMs: of('embeddingMs'),
      denseMs: of('denseMs'),
      lexicalMs: of('lexicalMs'),
      fusionMs: of('fusionMs'),
      rerankMs: of('rerankMs'),
      readingMs: of('readingMs'),
    }
  }

  /** Candidates that are found now, whatever is cached. */
  candidates(cache: CandidateCache): CandidateSource {
    return {
      get: (wanted) => {
        const look = new LookTrace(this.#clock, this.#times)
        look.note({ depth: wanted.depth })
        this.#looks.push(look)
        return cache.find(wanted, look)
      },
    }
  }

  /** The notes of a look as deep as any page has; `undefined` where no leg answers. */
  async lookDeepest(
    cache: CandidateCache,
    wanted: Omit<CandidateQuery, 'depth'>,
  ): Promise<LookNotes | undefined> {
    const known = this.#looks.at(-1)?.notes
    if (known?.depth === deepest) return known
    const look = new LookTrace(this.#clock, new Map())
    look.note({ depth: deepest })
    const found = await cache.find({ ...wanted, depth: deepest, isRanked: false }, look)
    return found.isOk() ? look.notes : undefined
  }

  /** Reads the courses of the page. */
  reader(read: ReadCourses): ReadCourses {
    return (ids) => {
      const startedMs = this.#clock.monotonic()
      return read(ids).map((rows) => {
        const ms = this.#clock.monotonic() - startedMs
        this.#times.set('readingMs', (this.#times.get('readingMs') ?? 0) + ms)
        for (const id of ids) this.read.set(id, rows.get(id))
        return rows
      })
    }
  }
}
