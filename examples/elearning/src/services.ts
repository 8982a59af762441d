import { collectMetrics, createRelay, createSessions } from '@headwater/core'
import type { Metrics, Relay, Sessions, Sink, Stores } from '@headwater/core'
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
  /**
   * Where events go besides MongoDB, Redis and the index.
   *
   * @defaultValue nowhere
   */
  readonly sinks?: readonly Sink[]
}

/** Creates the services on connected stores, without starting the relay. */
export function createServices(
  stores: Stores,
  { embedder, index, sinks: others = [] }: ServiceOptions,
): Services {
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
  const relay = createRelay(stores, { sinks: [...sinks, ...search.sinks, ...others] })
  return { ...repositories, stores, search, relay, metrics, sessions }
}
