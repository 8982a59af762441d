import type { AsyncResult, Failure, PostgresStore, Stores } from '@headwater/core'
import type { Action } from './action.ts'
import type { ScreenName } from './contract/screens.ts'
import type { Figures } from './figures/figures.ts'

/** What the screens show things from. */
export interface ScreenDeps {
  readonly stores: Stores
  /** PostgreSQL for reading, with statements that end soon. */
  readonly reading: PostgresStore
  /** PostgreSQL for actions. */
  readonly acting: PostgresStore
  readonly figures: Figures
}

/** Answers a question with JSON. */
export type View = (query: URLSearchParams) => AsyncResult<unknown, Failure<string>>

/** A screen: what it shows by name, and what can be done there. The first view has its own name. */
export interface Screen {
  readonly name: ScreenName
  readonly views: Readonly<Record<string, View>>
  readonly actions: Readonly<Record<string, Action>>
}
