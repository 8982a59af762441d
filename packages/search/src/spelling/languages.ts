import { isMissingTable } from '@headwater/core'
import type { SqlError, Stores } from '@headwater/core'
import { isRefusal } from './refusal.ts'

/** PostgreSQL's text search configurations that have stems, by the language of ISO 639. */
const configurations: Readonly<Record<string, string>> = {
  ar: 'arabic',
  ca: 'catalan',
  da: 'danish',
  de: 'german',
  el: 'greek',
  en: 'english',
  es: 'spanish',
  et: 'estonian',
  eu: 'basque',
  fi: 'finnish',
  fr: 'french',
  ga: 'irish',
  hi: 'hindi',
  hu: 'hungarian',
  hy: 'armenian',
  id: 'indonesian',
  it: 'italian',
  lt: 'lithuanian',
  nb: 'norwegian',
  ne: 'nepali',
  nl: 'dutch',
  nn: 'norwegian',
  no: 'norwegian',
  pt: 'portuguese',
  ro: 'romanian',
  ru: 'russian',
  sr: 'serbian',
  sv: 'swedish',
  ta: 'tamil',
  tr: 'turkish',
  yi: 'yiddish',
}
const known = new Set([...Object.values(configurations), 'simple'])

/**
 * The text search configuration of a language, `simple` where PostgreSQL has no stems for it. The
 * function `search_configuration` of the migrations has the same list.
 */
export function configurationOf(language: string): string {
  const [code = ''] = language.toLowerCase().split('-', 1)
  return Object.hasOwn(configurations, code) ? (configurations[code] ?? 'simple') : 'simple'
}

/** Whether words may find more with the next search; `refused`: not before somebody sees to it. */
export type Doubt = true | 'refused'

/** The configurations of a catalogue besides `english`, sorted; empty where all is English. */
export type OtherConfigurations = readonly string[]

/**
 * The one of them in which courses of these languages may be, or none; all where several are
 * wanted: each set makes a statement of its own.
 */
export function configurationsFor(
  languages: readonly string[] | undefined,
  others: OtherConfigurations,
): OtherConfigurations {
  if (languages === undefined) return others
  const wanted = new Set(languages.map(configurationOf))
  // An older PostgreSQL has no stems for some languages: their words stand for themselves.
  const hasLess = [...wanted].some((name) => name !== 'english' && !others.includes(name))
  const narrowed = others.filter((name) => wanted.has(name) || (hasLess && name === 'simple'))
  return narrowed.length > 1 ? others : narrowed
}

const selectConfigurations = `
  SELECT DISTINCT configuration
  FROM @schema.search_language
  ORDER BY configuration`

/** The longest wait: a search has no more time to lose. */
const readMs = 250

/** The pause before a table is queried again that is missing, or that the role may not read. */
const refusedMs = 10_000

/** Age at which they are read again in the background; at twice that age, callers wait. */
const freshMs = 400

/** The configurations of the languages that the catalogue has, as PostgreSQL keeps them. */
export class Languages {
  readonly #stores: Stores
  #others: OtherConfigurations = []
  #readAtMs = -Infinity
  #reading: Promise<void> | undefined
  #doubt: Doubt | undefined = true

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** Whether all courses are taken for English since nobody could say; `undefined` once read. */
  get doubt(): Doubt | undefined {
    return this.#doubt
  }

  /**
   * The configurations besides `english`, as they were less than a second ago; during an outage, as
   * they were last read. At most 1 round trip in 400 ms, beside others.
   */
  others(): OtherConfigurations | Promise<OtherConfigurations> {
    const ageMs = this.#stores.clock.monotonic() - this.#readAtMs
    if (ageMs >= freshMs)
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined
      })
    return ageMs >= 2 * freshMs && this.#reading !== undefined
      ? this.#reading.then(() => this.#others)
      : this.#others
  }

  async #read(): Promise<void> {
    const { postgres, clock } = this.#stores
    const options = { deadlineMs: readMs }
    const read = await postgres.query<{ configuration: string }>(selectConfigurations, [], options)
    this.#readAtMs = clock.monotonic()
    if (read.isErr()) {
      this.#failed(read.error)
      return
    }
    this.#doubt = undefined
    // Names become part of statements: only those that are known.
    this.#others = read.value.rows
      .map(({ configuration }) => configuration)
      .filter((name) => known.has(name) && name !== 'english')
  }

  /** A catalogue without the table is English; otherwise what was read before holds. */
  #failed(error: SqlError): void {
    if (isRefusal(error)) this.#readAtMs += refusedMs
    if (isMissingTable(error)) this.#doubt = undefined
    else {
      this.#doubt &&= isRefusal(error) ? 'refused' : true
      this.#stores.diagnostics.emit('search:degraded', { leg: 'lexical', error })
    }
  }
}
