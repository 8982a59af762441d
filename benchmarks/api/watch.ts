// What watching a deployment costs it: metrics that are scraped, and a console that somebody has
// open on its overview.
import { createConsole } from '@headwater/console'
import { prometheus } from '@headwater/telemetry'
import type { Services } from '../../examples/elearning/src/index.ts'

/** Three to twelve times as often as Prometheus is usually set to. */
const scrapeEveryMs = 5_000
/** As often as the page asks. */
const overviewEveryMs = 2_000
const origin = 'http://127.0.0.1'
/** As the page sends them. */
const headers = { host: '127.0.0.1', 'x-headwater-console': '1' }

/** Scrapes the process and shows its overview, until it ends. */
export function watch({ stores, activity, sessions, search }: Services): void {
  const metrics = prometheus(stores, { activity })
  const { analytics } = activity
  const handle = createConsole(stores, {
    hosts: ['127.0.0.1'],
    authorize: () => ({ name: 'bench', access: 'read' }),
    sessions,
    search,
    analytics,
  })
  every(scrapeEveryMs, () => metrics.handle(new Request(`${origin}/metrics`)))
  every(overviewEveryMs, () => handle(new Request(`${origin}/api/overview`, { headers })))
}

function every(ms: number, ask: () => Promise<Response>): void {
  setInterval(() => {
    void ask().then(async (answer) => {
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${answer.status}: ${text}`)
    })
  }, ms)
}
