import { randomUUID } from 'node:crypto'
import { systemClock } from '@headwater/core'
import type { Faults } from '../http-stand-in/faults.ts'
import { HttpStandIn } from '../http-stand-in/http-stand-in.ts'
import type { HttpReply, HttpRequest } from '../http-stand-in/http-stand-in.ts'
import { answerControlPlane, defaultDeployment, indexOf } from './control-plane.ts'
import type { Project } from './control-plane.ts'
import { answerDataPlane } from './data-plane.ts'
import { PineconeError, errorBodyOf, invalidArgument } from './pinecone-error.ts'
import type { Metric } from './similarity.ts'
import { StoredIndex } from './stored-index.ts'

const apiVersion = '2026-07'

/** An index that exists from the start. */
export interface PineconeStandInIndex {
  /** The name of the index. */
  readonly name: string
  /** The length of its vectors. */
  readonly dimension: number
  /**
   * The metric by which it compares vectors.
   *
   * @defaultValue `cosine`
   */
  readonly metric?: Metric
}

/** Options of {@link startPineconeStandIn}. */
export interface PineconeStandInOptions {
  /**
   * Port on 127.0.0.1.
   *
   * @defaultValue `0`, a free one
   */
  readonly port?: number
  /**
   * The key that callers must send. The official client remembers the host of an index by key and
   * name for as long as its process lives, so two stand-ins of one process must not share a key.
   *
   * @defaultValue a random one
   */
  readonly apiKey?: string
  /**
   * The indexes that exist from the start.
   *
   * @defaultValue `course-search`, 1536 dimensions, cosine
   */
  readonly indexes?: readonly PineconeStandInIndex[]
  /**
   * Time from a write to its visibility to reads, in milliseconds: the service is eventually
   * consistent.
   *
   * @defaultValue `0`
   */
  readonly consistencyDelayMs?: number
}

/** The defaults of {@link PineconeStandInOptions}. */
export const pineconeStandInDefaults = {
  port: 0,
  indexes: [{ name: 'course-search', dimension: 1536, metric: 'cosine' }],
  consistencyDelayMs: 0,
} as const

/** A running stand-in for Pinecone. */
export interface PineconeStandIn {
  /** `controllerHostUrl` for the official client. */
  readonly url: string
  /** The port it listens on. */
  readonly port: number
  /** The key that callers must send. */
  readonly apiKey: string
  /** The faults to play; none at first. */
  readonly faults: Faults
  /** The host of an index, for a client that bypasses the control plane. */
  hostOf(indexName: string): string
  /** Changes the time from a write to its visibility for later writes. */
  delayConsistency(delayMs: number): void
  /** Makes every write so far visible to reads. */
  settle(): void
  /**
   * Requests so far, faulty ones included, whose method and path (`POST /data/course-search/query`)
   * contain `route`.
   */
  requestCount(route?: string): number
  /** Closes every connection, frees the port and discards the data. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a server on loopback that speaks Pinecone's API of version 2026-07, data plane and control
 * plane, with exact search. Refusals have the service's status and shape. It keeps only dense
 * indexes, in memory.
 *
 * @example
 * ```ts
 * const standIn = await startPineconeStandIn()
 * const client = new Pinecone({ apiKey: standIn.apiKey, controllerHostUrl: standIn.url })
 * const index = client.index({ name: 'course-search' })
 * ```
 */
export async function startPineconeStandIn(
  options: PineconeStandInOptions = {},
): Promise<PineconeStandIn> {
  const { port, indexes, consistencyDelayMs } = { ...pineconeStandInDefaults, ...options }
  const apiKey = options.apiKey ?? `stand-in-${randomUUID()}`
  const project = projectOf(indexes, consistencyDelayMs)
  const http = await HttpStandIn.start({
    port,
    answer: (request) => answer(project, apiKey, request),
    errorBody: errorBodyOf,
  })
  const url = `http://127.0.0.1:${http.port}`
  return {
    url,
    port: http.port,
    apiKey,
    faults: http.faults,
    hostOf: (indexName) => `${url}${dataPath(indexName)}`,
    delayConsistency: (delayMs) => void (project.consistency.delayMs = delayMs),
    settle: () => project.indexes.forEach((index) => index.settle()),
    requestCount: (route) => http.requestCount(route),
    stop: () => http.stop(),
  }
}

function projectOf(indexes: readonly PineconeStandInIndex[], delayMs: number): Project {
  const consistency = { clock: systemClock, delayMs }
  const stored = indexes.map(({ name, dimension, metric = 'cosine' }) => {
    const definition = {
      name,
      dimension,
      metric,
      isProtected: false,
      tags: null,
      deployment: defaultDeployment,
    }
    return [name, new StoredIndex(definition, consistency)] as const
  })
  return {
    indexes: new Map(stored),
    consistency,
    // The host that the caller used: behind a proxy it is the proxy's, so that the data plane is
    // reached through it too.
    hostOf: (name, { headers }) => `http://${headers.host ?? ''}${dataPath(name)}`,
  }
}

function answer(project: Project, apiKey: string, request: HttpRequest): HttpReply {
  if (request.headers['api-key'] !== apiKey) return { status: 401, body: 'Invalid API Key' }
  const [, indexName, path] = /^\/data\/([^/]+)(\/.*)$/.exec(request.path) ?? []
  const isDataPlane = indexName !== undefined && path !== undefined
  try {
    requireVersion(request)
    return isDataPlane
      ? answerDataPlane(indexOf(project, indexName), path, request)
      : answerControlPlane(project, request)
  } catch (refusal) {
    if (!(refusal instanceof PineconeError)) throw refusal
    return isDataPlane ? refusal.dataPlaneReply : refusal.controlPlaneReply
  }
}

function requireVersion({ headers }: HttpRequest): void {
  const version = headers['x-pinecone-api-version']
  if (version === undefined || version === apiVersion) return
  throw invalidArgument(
    `Invalid API version ${String(version)}; this stand-in speaks ${apiVersion}`,
  )
}

function dataPath(indexName: string): string {
  return `/data/${encodeURIComponent(indexName)}`
}
