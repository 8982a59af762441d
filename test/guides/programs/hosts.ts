import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  connect,
  connectOptionsFromEnv,
  FailureError,
  failureIn,
  goneSignal,
  httpStatusOf,
  logDiagnostics,
  notFound,
  orThrow,
  publicFailure,
  retryAfterOf,
  type DiagnosticsLogger,
  type PendingAnswer,
  type Relay,
  type Stores,
} from '@headwater/core'
import { createRepositories, repositoriesStatuses } from '@headwater/repositories'

/** The part of Express that the guide uses. */
interface App {
  get(path: string, handle: (request: Asked, response: Answer) => Promise<void>): unknown
  use(handle: (error: unknown, request: object, response: Answer, next: Next) => void): unknown
}
interface Asked {
  readonly params: { readonly id: string }
}
interface Answer extends PendingAnswer {
  set(header: string, value: string): Answer
  status(status: number): Answer
  json(body: object): Answer
}
type Next = (error: unknown) => void

export function answerFailures(app: App) {
  const statuses = { ...repositoriesStatuses, 'coupon-expired': 422 }

  app.use((error, _request, response, next) => {
    const failure = failureIn(error)
    if (failure === undefined) return next(error)
    const retryAfter = retryAfterOf(failure, statuses)
    if (retryAfter !== undefined) response.set('Retry-After', String(retryAfter))
    response
      .status(httpStatusOf(failure, statuses))
      .json({ error: publicFailure(failure, statuses) })
  })
}

export function findCourse(app: App, stores: Stores) {
  const { courses } = createRepositories(stores)

  app.get('/courses/:id', async (request, response) => {
    const id = Number(request.params.id)
    const course = orThrow(await courses.get(id, { signal: goneSignal(response) }))
    if (course === undefined) throw new FailureError(notFound('course', id))
    response.json(course)
  })
}

export async function passSignals(stores: Stores, response: Answer) {
  const { courses } = createRepositories(stores)

  const signal = goneSignal(response)
  const course = await courses.get(5, { signal })
  const changed = await courses.update(5, { title: 'Algebra' }, { signal })
  return { course, changed }
}

export function logProblems(stores: Stores, logger: DiagnosticsLogger) {
  const stop = logDiagnostics(stores.diagnostics, logger, { level: 'warn' })
  return stop
}

export function inOrder(server: Server, stores: Stores, relay: Relay) {
  let isEnding = false

  /** The answer of the readiness probe. */
  async function isReady(): Promise<boolean> {
    return !isEnding && (await stores.isReady())
  }

  async function end(): Promise<void> {
    isEnding = true
    await sleep(5_000) // the load balancer sees it meanwhile
    const cut = setTimeout(() => server.closeAllConnections(), 10_000)
    await new Promise((closed) => server.close(closed))
    clearTimeout(cut)
    orThrow(await relay.stop())
    orThrow(await stores.close())
  }
  return { isReady, end }
}

type Services = Stores

async function openServices(): Promise<Services> {
  return orThrow(await connect(connectOptionsFromEnv(process.env)))
}

const key = Symbol.for('headwater')
const kept = globalThis as { [key]?: Promise<Services> }

export function services(): Promise<Services> {
  return (kept[key] ??= openServices())
}

export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] === 'nodejs') await (await import('./services.ts')).services()
}
