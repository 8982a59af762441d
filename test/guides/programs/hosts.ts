import {
  connect,
  connectOptionsFromEnv,
  failureIn,
  goneSignal,
  httpStatusOf,
  logDiagnostics,
  orThrow,
  publicFailure,
  retryAfterOf,
  type DiagnosticsLogger,
  type PendingAnswer,
  type Stores,
} from '@headwater/core'
import { createRepositories, repositoriesStatuses } from '@headwater/repositories'

/** The part of Express that the guide uses. */
interface App {
  use(handle: (error: unknown, request: object, response: Answer, next: Next) => void): unknown
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

type Services = Stores

async function openServices(): Promise<Services> {
  return orThrow(await connect(connectOptionsFromEnv(process.env)))
}

const key = Symbol.for('headwater')
const kept = globalThis as { [key]?: Promise<Services> }

export function services(): Promise<Services> {
  return (kept[key] ??= openServices())
}
