import { ok, outbox } from '@headwater/core'
import type { OutboxStatus } from '@headwater/core'
import type { OutboxSummary, OverviewScreen, StoreState } from '../contract/screens.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'

/** Shorter than that of a section, so that a store that answers is not taken for one that hangs. */
const healthMs = 700

/** How the stores are, and what this process does. */
export function overviewScreen(deps: ScreenDeps): Screen {
  return {
    name: 'overview',
    views: { overview: async () => ok(await overview(deps)) },
    actions: {},
  }
}

async function overview({ stores, reading, figures }: ScreenDeps): Promise<OverviewScreen> {
  const [states, status] = await Promise.all([
    section(async () => {
      const { stores: all } = await stores.health({ deadlineMs: healthMs })
      return ok(Object.entries(all).map(([name, health]): StoreState => ({ name, ...health })))
    }),
    section(() =>
      outbox({ postgres: reading })
        .status()
        .map((answer) => {
          figures.noteLag(lagsOf(answer))
          return summaryOf(answer)
        }),
    ),
  ])
  return { stores: states, outbox: status, history: figures.history() }
}

/** How far each sink is behind, in milliseconds. */
export function lagsOf({ sinks }: OutboxStatus): Readonly<Record<string, number>> {
  return Object.fromEntries(sinks.map(({ sink, lagMs }) => [sink, Math.round(lagMs)]))
}

function summaryOf({ sinks }: OutboxStatus): OutboxSummary {
  const sum = (of: (sink: OutboxStatus['sinks'][number]) => number) =>
    sinks.reduce((total, sink) => total + of(sink), 0)
  return {
    sinks: sinks.length,
    lagMs: Math.max(0, ...sinks.map(({ lagMs }) => lagMs)),
    parked: sum(({ parked }) => parked),
    dead: sum(({ dead }) => dead),
    unowned: sum(({ unowned }) => unowned),
  }
}
