import { connect, createRelay, orThrow, type Relay, type Stores } from '@headwater/core'
import { createRepositories, type CourseRepository } from '@headwater/repositories'
import {
  courseTemplate,
  createCourseSearch,
  openaiEmbedder,
  pineconeIndex,
  type CourseSearch,
  type CourseTemplate,
} from '@headwater/search'
import type { OpenaiStandIn, PineconeStandIn } from '@headwater/testing'

export const dimensions = 64

/** The template of the next generation. */
const titlesFirst: CourseTemplate = {
  version: 'titles-twice',
  textOf: (course) => `${course.title}\n${courseTemplate.textOf(course)}`,
}

/** Addresses of the stores and stand-ins. */
export interface Servers {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly pinecone: PineconeStandIn
  readonly openai: OpenaiStandIn
}

/** One process of the platform: its own connections, search and relay. */
export class Platform {
  readonly stores: Stores
  readonly courses: CourseRepository
  readonly search: CourseSearch
  readonly relay: Relay

  private constructor(stores: Stores, { openai }: Servers, isNext: boolean) {
    this.stores = stores
    this.courses = createRepositories(stores).courses
    const embedder = openaiEmbedder({
      apiKey: openai.apiKey,
      baseURL: openai.url,
      dimensions,
      deadlineMs: 2_000,
      diagnostics: stores.diagnostics,
    })
    this.search = createCourseSearch(stores, {
      courses: this.courses,
      embedder,
      legDeadlineMs: 500,
      index: ({ name }) => pineconeIndex(stores, { namespace: name, dimensions }),
      ...(isNext ? { template: titlesFirst, former: { embedder } } : {}),
    })
    this.relay = createRelay(stores, { sinks: this.search.sinks })
  }

  /** Opens a process; with `isNext` it knows the next generation as well. */
  static async open(servers: Servers, { isNext }: { readonly isNext: boolean }): Promise<Platform> {
    const { postgresUrl, redisUrl, pinecone } = servers
    const stores = orThrow(
      await connect({
        postgres: { url: postgresUrl },
        redis: { url: redisUrl },
        pinecone: {
          apiKey: pinecone.apiKey,
          controllerHostUrl: pinecone.url,
          index: 'course-search',
          deadlineMs: 2_000,
        },
      }),
    )
    return new Platform(stores, servers, isNext)
  }

  /** Ends the process as a crash does, without waiting for pending work. */
  async end({ deadlineMs }: { readonly deadlineMs: number }): Promise<boolean> {
    return (await this.stores.close({ deadlineMs })).isOk()
  }
}
