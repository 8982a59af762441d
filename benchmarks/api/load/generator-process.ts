// Sends the load, in a process of its own. Each side has its own sequence of requests.
import { HttpLine } from './http-line.ts'
import { closedLoop, openLoop } from './open-loop.ts'
import { type Request, type RequestOptions, requestsOf } from './requests.ts'
import type { Report } from './tally.ts'

/** Names a side and what its requests are made of. */
export interface Meet extends RequestOptions {
  readonly side: string
  readonly url: string
}

/** Asks for a round. */
export interface Round {
  readonly side: string
  readonly connections: number
  readonly forMs: number
  /** Requests a second of an open loop; absent for a closed one. */
  readonly perSecond?: number
}

/** What became of a round, or why it was none. */
export type RoundReply = (Report & { readonly generatorCpuMs: number }) | { readonly error: string }

const sides = new Map<string, { readonly url: string; readonly next: () => Request }>()

process.once('disconnect', () => {
  process.exit()
})
process.on('message', (message: Meet | Round) => {
  if ('tokens' in message) {
    sides.set(message.side, { url: message.url, next: requestsOf(message) })
    process.send?.({})
  } else
    void run(message).then(
      (report) => process.send?.(report),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
})

async function run({ side, connections, forMs, perSecond }: Round): Promise<RoundReply> {
  const { url, next } = sides.get(side) as { url: string; next: () => Request }
  const lines = await Promise.all(Array.from({ length: connections }, () => HttpLine.open(url)))
  try {
    const load = { lines, next, forMs }
    const before = process.cpuUsage()
    const report =
      perSecond === undefined ? await closedLoop(load) : await openLoop({ ...load, perSecond })
    const { user, system } = process.cpuUsage(before)
    return { ...report, generatorCpuMs: (user + system) / 1_000 }
  } finally {
    for (const line of lines) line.close()
  }
}
