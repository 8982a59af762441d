import { collectMetrics, createRelay, createSessions } from '@headwater/core'
import type { Metrics, Relay, Sessions, Stores } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'
import type { Repositories } from '@headwater/repositories'
import { createCourseSearch } from '@headwater/search'
import type { CourseSearch, Embedder, VectorIndex } from '@headwater/search'

/** The services of the application. */
export interface Services extends Omit<Repositories, 'sinks'> {
  readonly stores: Stores
  readonly search: CourseSearch
  readonly sessions: Sessions<number>
  readonly relay: Relay
  readonly metrics: Metrics
}

/** Options of {@link createServices}. */
export interface ServiceOptions {
  /** Embeds courses and queries. */
  readonly embedder: Embedder
  /**
   * The vector index.
   *
   * @defaultValue the stores' Pinecone index
   */
  readonly index?: VectorIndex
}

/** Creates the services on connected stores, without starting the relay. */
export function createServices(stores: Stores, { embedder, index }: ServiceOptions): Services {
  const metrics = collectMetrics(stores.diagnostics)
  const sessions = createSessions<number>(stores)
  const { sinks, ...repositories } = createRepositories(stores, { sessions })
  const { courses, activity } = repositories
  const search = createCourseSearch(stores, {
    courses,
    activity,
    embedder,
    ...(index && { index }),
  })
  const relay = createRelay(stores, { sinks: [...sinks, ...search.sinks] })
  return { ...repositories, stores, search, relay, metrics, sessions }
}
