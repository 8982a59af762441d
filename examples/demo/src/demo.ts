import { serve } from '@headwater-examples/express-api'
import { stockCatalogue } from './catalogue.ts'
import type { Ending } from './ending.ts'
import { Flow } from './flow.ts'
import { enrollFlow } from './flows/enroll-flow.ts'
import { outageFlow } from './flows/outage-flow.ts'
import { registerFlow } from './flows/register-flow.ts'
import { searchFlow } from './flows/search-flow.ts'
import type { Output } from './output.ts'
import { openPlatform, type Platform } from './platform.ts'
import { type StoreReport, startDemoStores } from './demo-stores.ts'

/** The object that `--json` prints. */
export interface Summary {
  readonly flows: {
    readonly register: boolean
    readonly search: boolean
    readonly enroll: boolean
    readonly outage: boolean
  }
  readonly stores: StoreReport
  readonly seconds: number
}

/** The outcome of the demo. */
export interface DemoReport {
  readonly summary: Summary
  /** The platform of the flows; `undefined` when it could not be set up. */
  readonly platform: Platform | undefined
}

/** Starts the stores and runs the flows. Never rejects. */
export async function runDemo(output: Output, ending: Ending): Promise<DemoReport> {
  const startedMs = performance.now()
  const flows: Flows = { register: false, search: false, enroll: false, outage: false }
  let stores: StoreReport = {}
  let platform: Platform | undefined
  try {
    const started = await startDemoStores(output, ending)
    stores = started.report
    platform = await openPlatform(started, output, ending)
    const catalogue = await stockCatalogue(platform, output)
    await runFlows(flows, output, { ...platform, ...catalogue })
  } catch (error) {
    output.failure('demo', error instanceof Error ? error.message : String(error))
  }
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  const kept = Object.values(flows).filter(Boolean).length
  output.line(`\n${kept} of 4 flows kept their promises, in ${seconds} s`)
  return { summary: { flows, stores, seconds }, platform }
}

/** Serves the API until `ending` begins, and prints requests to try. */
export async function showApi(
  { services }: Platform,
  output: Output,
  ending: Ending,
): Promise<void> {
  const api = await serve(services)
  ending.add(() => api.close())
  ending.isExpected = true
  output.heading(`The API runs on ${api.url}`)
  const user = JSON.stringify({
    email: 'grace@example.com',
    username: 'grace',
    password: 'correct horse',
  })
  output.line(`  curl -X POST ${api.url}/users -H 'Content-Type: application/json' -d '${user}'`)
  output.line(`  curl '${api.url}/search?q=play+the+guitar&limit=3'`)
  output.line(`  curl ${api.url}/health/ready`)
  output.remark('Ctrl-C ends it, and all the stores with it.')
  await ending.untilBegun()
}

type Flows = { -readonly [Name in keyof Summary['flows']]: boolean }

async function runFlows(
  flows: Flows,
  output: Output,
  stage: Parameters<typeof searchFlow>[1],
): Promise<void> {
  const ada = await Flow.run(output, 'Registration', (flow) => registerFlow(flow, stage))
  flows.register = ada !== undefined
  flows.search = (await Flow.run(output, 'Search', (flow) => searchFlow(flow, stage))) !== undefined
  if (ada === undefined) return
  flows.enroll =
    (await Flow.run(output, 'Enrollment', (flow) => enrollFlow(flow, { ...stage, ada }))) !==
    undefined
  flows.outage =
    (await Flow.run(output, 'Outage of Redis', (flow) => outageFlow(flow, { ...stage, ada }))) !==
    undefined
}
