import { err, validate, within } from '@headwater/core'
import type { Failure, Result } from '@headwater/core'
import type { Audit } from './audit/audit.ts'
import type { Action } from './action.ts'
import { operatorRules } from './console-options.ts'
import type { ConsoleOptions, Operator } from './console-options.ts'
import type { ScreenName, Viewer } from './contract/screens.ts'
import { failed, json, text } from './http/answer.ts'
import { refusalOf } from './http/check-request.ts'
import { assetAt, consolePage } from './http/pages.ts'
import { readBody } from './http/read-body.ts'
import type { Screen, View } from './screen.ts'
import { SharedViews } from './shared-views.ts'

/** Options of a {@link ConsoleSite}. */
export type SiteOptions = Required<Pick<ConsoleOptions, 'authorize' | 'hosts' | 'basePath'>>

/** Time to find out who sends a request, in milliseconds. */
const authorizeMs = 500
/** Time for a view, in milliseconds; more than that of its parts, each of which says its reason. */
const viewMs = 950
const apiPath = 'api/'
const tooLate = Symbol('too late')

/** What is served below the path of the console: the page, the views and the actions. */
export class ConsoleSite {
  readonly #authorize: ConsoleOptions['authorize']
  readonly #hosts: ReadonlySet<string>
  readonly #base: string
  readonly #screens: readonly ScreenName[]
  readonly #views: ReadonlyMap<string, View>
  readonly #actions: ReadonlyMap<string, Action>
  readonly #audit: Audit
  readonly #shared = new SharedViews()

  constructor(options: SiteOptions, screens: readonly Screen[], audit: Audit) {
    this.#authorize = options.authorize
    this.#hosts = new Set(options.hosts.map((host) => host.toLowerCase()))
    this.#base = options.basePath.replace(/\/+$/, '')
    this.#screens = screens.map(({ name }) => name)
    this.#views = new Map(screens.flatMap(({ views }) => Object.entries(views)))
    this.#actions = new Map(screens.flatMap(({ actions }) => Object.entries(actions)))
    this.#audit = audit
  }

  /** Answers one request. Never rejects: a mistake of the console is said to who may see it. */
  async answer(request: Request): Promise<Response> {
    const refusal = refusalOf(request, { hosts: this.#hosts, isApi: this.#isApi(request) })
    if (refusal !== undefined) return text(403, refusal)
    const operator = await this.#operatorOf(request)
    if (operator.isErr()) return operator.error
    try {
      return await this.#answer(request, operator.value)
    } catch (error) {
      return text(500, `the console failed: ${error instanceof Error ? error.message : 'no error'}`)
    }
  }

  async #answer(request: Request, operator: Operator): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    // Next.js and others serve it without a slash at its end.
    if (pathname === this.#base) return consolePage(`${pathname.split('/').at(-1) ?? ''}/`)
    if (!pathname.startsWith(`${this.#base}/`)) return nothingThere()
    const path = pathname.slice(this.#base.length + 1)
    if (path === '') return consolePage('')
    if (!path.startsWith(apiPath)) return (await assetAt(path, request)) ?? nothingThere()
    const name = path.slice(apiPath.length)
    return request.method === 'POST'
      ? this.#act(name, request, operator)
      : this.#show(name, searchParams, operator)
  }

  #isApi(request: Request): boolean {
    return new URL(request.url).pathname.startsWith(`${this.#base}/${apiPath}`)
  }

  /** Whatever is no operator is refused: `isStaff(request) && { … }` may as well be `false`. */
  async #operatorOf(request: Request): Promise<Result<Operator, Response>> {
    try {
      const asked = Promise.resolve(this.#authorize(request))
      const given: unknown = await within(asked, authorizeMs, () => tooLate)
      if (given === tooLate)
        return err(text(503, `who you are was not known within ${authorizeMs} ms`))
      return validate(operatorRules(), given).mapErr(nobody)
    } catch {
      return err(text(503, 'who you are could not be found out'))
    }
  }

  async #show(name: string, query: URLSearchParams, operator: Operator): Promise<Response> {
    if (name === 'viewer') return json(200, this.#viewerOf(operator))
    const view = this.#views.get(name)
    if (view === undefined) return nothingThere()
    const shown = this.#shared.show(`${name}?${query.toString()}`, async () => view(query))
    return (await within(shown, viewMs, late)).match((value) => json(200, value), failed)
  }

  async #act(name: string, request: Request, operator: Operator): Promise<Response> {
    const action = this.#actions.get(name)
    if (action === undefined) return nothingThere()
    if (operator.access !== 'operate') return text(403, 'you may look, but not act')
    const prepared = (await readBody(request)).andThen((body) => action.prepare(body))
    if (prepared.isErr()) return failed(prepared.error)
    const audited = { operator: operator.name, action: name, subject: prepared.value.subject }
    const done = await this.#audit.around(audited, async () => prepared.value.run())
    this.#shared.forget()
    return done.match((deed) => json(200, deed), failed)
  }

  #viewerOf({ name, access }: Operator): Viewer {
    return { name, access, screens: this.#screens }
  }
}

function late(): Result<unknown, Failure<string>> {
  const message = `no answer within ${viewMs} ms`
  return err({ type: 'deadline-exceeded', message, retryable: true })
}

function nobody(): Response {
  return text(403, 'you may not see this console')
}

/** An answer of its own each time: its body can be read once. */
function nothingThere(): Response {
  return text(404, 'there is nothing here')
}
