import type { DiagnosticEvents, Diagnostics } from '../../diagnostics.ts'
import { isBypass, type Look } from '../look.ts'

/** Emits the diagnostics of one cache, under its name. */
export class CacheReports {
  readonly #cache: string
  readonly #diagnostics: Diagnostics

  constructor(cache: string, diagnostics: Diagnostics) {
    this.#cache = cache
    this.#diagnostics = diagnostics
  }

  hits(count: number): void {
    if (count > 0 && this.#diagnostics.isHeard('cache:hit'))
      this.#diagnostics.emit('cache:hit', { cache: this.#cache, count })
  }

  /** Reports a look that found no answer. A bypassed key counts as no miss. */
  miss(look: Look): void {
    if (isBypass(look)) return
    this.#diagnostics.emit('cache:miss', { cache: this.#cache, count: 1 })
    if (typeof look !== 'string' && look.kind === 'miss' && look.reason === 'foreign')
      this.rejected('not an entry')
  }

  bypass(reason: string): void {
    if (this.#diagnostics.isHeard('cache:bypass'))
      this.#diagnostics.emit('cache:bypass', { cache: this.#cache, reason })
  }

  /** Reports that rows were asked for from the source. */
  loaded(load: Omit<DiagnosticEvents['cache:load'], 'cache'>): void {
    if (this.#diagnostics.isHeard('cache:load'))
      this.#diagnostics.emit('cache:load', { cache: this.#cache, ...load })
  }

  waited(durationMs: number): void {
    this.#diagnostics.emit('cache:wait', { cache: this.#cache, durationMs })
  }

  staleServed(ageMs: number): void {
    this.#diagnostics.emit('cache:stale-served', { cache: this.#cache, ageMs })
  }

  rejected(reason: string): void {
    this.#diagnostics.emit('cache:entry-rejected', { cache: this.#cache, reason })
  }

  /** Reports values that were sent to be stored, and how many of them Redis accepted. */
  fills(accepted: number, sent: number): void {
    if (accepted > 0) this.#diagnostics.emit('cache:fill', { cache: this.#cache, count: accepted })
    if (accepted < sent)
      this.#diagnostics.emit('cache:fill-rejected', { cache: this.#cache, count: sent - accepted })
  }
}
