import { randomBytes } from 'node:crypto'
import type { RunningHost, Services } from '@headwater-examples/elearning'
import { serveConsole } from '@headwater/console'
import { stockCatalogue } from './catalogue.ts'
import type { EmbedderName } from './embedders.ts'
import type { Ending } from './ending.ts'
import { Flow } from './flow.ts'
import { apiFlow } from './flows/api-flow.ts'
import { brokerFlow } from './flows/broker-flow.ts'
import { enrollFlow } from './flows/enroll-flow.ts'
import { meaningFlow } from './flows/meaning-flow.ts'
import { outageFlow } from './flows/outage-flow.ts'
import { registerFlow } from './flows/register-flow.ts'
import { searchFlow } from './flows/search-flow.ts'
import { type HostName, loadHost } from './hosts.ts'
import type { Output } from './output.ts'
import { openPlatform } from './platform.ts'
import { type StoreReport, startDemoStores } from './demo-stores.ts'

/** The object that `--json` prints. */
export interface Summary {
  readonly flows: {
    readonly register: boolean
    readonly search: boolean
    /** `null` where the embedder knows no meanings. */
    readonly meaning: boolean | null
    readonly enroll: boolean
    /** `null` where Redis is not ours to take away. */
    readonly outage: boolean | null
    /** `null` where the environment names no broker. */
    readonly broker: boolean | null
  }
  /** The framework of the API, and whether it answered as it should. */
  readonly host: { readonly name: HostName; readonly answers: boolean }
  readonly stores: StoreReport
  readonly seconds: number
}

/** The running API. */
export interface RunningApi {
  readonly url: string
  /** The token for metrics and readiness. */
  readonly monitorToken: string
  /** A course to enroll in. */
  readonly courseId: number
  /** Serves the console, and returns its address. */
  readonly openConsole: () => Promise<string>
}

/** The outcome of the demo. */
export interface DemoReport {
  readonly summary: Summary
  /** The API; `undefined` when the demo broke off before. */
  readonly api: RunningApi | undefined
}

/** Options of {@link runDemo}. */
export interface DemoOptions {
  readonly host: HostName
  readonly embedder: EmbedderName
}

/** Starts the stores, runs the flows and asks the API on a framework. Never rejects. */
export async function runDemo(
  output: Output,
  ending: Ending,
  { host: name, embedder }: DemoOptions,
): Promise<DemoReport> {
  const startedMs = performance.now()
  const flows: Flows = {
    register: false,
    search: false,
    meaning: embedder === 'model' ? false : null,
    enroll: false,
    outage: false,
    broker: null,
  }
  let stores: StoreReport = {}
  let api: RunningApi | undefined
  let answers = false
  try {
    const started = await startDemoStores(output, ending)
    stores = started.report
    const platform = await openPlatform(started, { output, ending, embedder })
    const catalogue = await stockCatalogue(platform, output)
    const stage = { ...platform, ...catalogue }
    await runFlows(flows, output, stage)
    api = await startApi(stage, name, ending)
    const running = { ...api, name }
    answers =
      (await Flow.run(output, `API on ${name}`, (flow) => apiFlow(flow, running))) !== undefined
  } catch (error) {
    output.failure('demo', error instanceof Error ? error.message : String(error))
  }
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  const run = Object.values(flows).filter((kept) => kept !== null)
  const kept = run.filter(Boolean).length
  output.line(`\n${kept} of ${run.length} flows kept their promises, in ${seconds} s`)
  return { summary: { flows, host: { name, answers }, stores, seconds }, api }
}

/** Prints requests to try, and waits until `ending` begins. */
export async function showApi(
  { url, monitorToken, courseId, openConsole }: RunningApi,
  output: Output,
  ending: Ending,
): Promise<void> {
  ending.isExpected = true
  output.heading(`The API runs on ${url}`)
  const account = JSON.stringify({ email: 'linus@example.com', password: 'correct horse' })
  const user = `${account.slice(0, -1)},"username":"linus"}`
  const curl = "curl -b jar -c jar -H 'Content-Type: application/json'"
  output.line(`  ${curl} ${url}/users -d '${user}'`)
  output.line(`  ${curl} ${url}/sessions -d '${account}'`)
  output.line(`  ${curl} '${url}/search?q=play+the+guitar&limit=3'`)
  output.line(`  ${curl} ${url}/courses/${courseId}/enrollments -d '{}'`)
  output.line(`  ${curl} ${url}/me/enrollments`)
  output.line(`  curl -H 'Authorization: Bearer ${monitorToken}' ${url}/health/ready`)
  output.heading(`The console is at ${await openConsole()}`)
  output.remark('Ctrl-C ends it, and all the stores with it.')
  await ending.untilBegun()
}

type Stage = Parameters<typeof searchFlow>[1]

/** Serves the API until `ending` begins. */
async function startApi(
  { services, courses }: Stage,
  name: HostName,
  ending: Ending,
): Promise<RunningApi> {
  const monitorToken = randomBytes(9).toString('base64url')
  const serve = await loadHost(name)
  const host: RunningHost = await serve(services, { monitorToken })
  ending.add(() => host.close())
  const course = courses.find(({ maxStudents }) => maxStudents === null) ?? courses[0]
  const openConsole = () => consoleOf(services)
  return { url: host.url, monitorToken, courseId: course?.id ?? 1, openConsole }
}

/** It ends with the stores. */
async function consoleOf({ stores, sessions, search, activity }: Services): Promise<string> {
  const { analytics } = activity
  const { url } = await serveConsole(stores, { sessions, search, analytics })
  return url
}

type Flows = { -readonly [Name in keyof Summary['flows']]: Summary['flows'][Name] }

async function runFlows(flows: Flows, output: Output, stage: Stage): Promise<void> {
  flows.broker = stage.broker === undefined ? null : false
  const ada = await Flow.run(output, 'Registration', (flow) => registerFlow(flow, stage))
  flows.register = ada !== undefined
  flows.search = (await Flow.run(output, 'Search', (flow) => searchFlow(flow, stage))) !== undefined
  if (flows.meaning !== null)
    flows.meaning =
      (await Flow.run(output, 'Search by meaning', (flow) => meaningFlow(flow, stage))) !==
      undefined
  if (ada === undefined) return
  flows.enroll =
    (await Flow.run(output, 'Enrollment', (flow) => enrollFlow(flow, { ...stage, ada }))) !==
    undefined
  const { redisOutage, broker } = stage
  if (redisOutage === undefined) {
    output.remark('The outage of Redis is left out: these servers are not ours to take away.')
    flows.outage = null
  } else
    flows.outage =
      (await Flow.run(output, 'Outage of Redis', (flow) =>
        outageFlow(flow, { ...stage, ada, redisOutage }),
      )) !== undefined
  if (broker !== undefined)
    flows.broker =
      (await Flow.run(output, `Events in ${broker.name}`, (flow) =>
        brokerFlow(flow, { ...stage, broker }),
      )) !== undefined
}
