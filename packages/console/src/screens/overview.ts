import { ok, outbox } from '@headwater/core'
import type { OutboxStatus, StoreHealth } from '@headwater/core'
import type { OutboxSummary } from '../contract/outbox-screen.ts'
import type { OverviewScreen, StoreState } from '../contract/screens.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'
import { findingsOf } from './findings.ts'

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

async function overview(deps: ScreenDeps): Promise<OverviewScreen> {
  const { reading, figures } = deps
  const asked = section(() => storesOf(deps))
  const [stores, status, findings] = await Promise.all([
    asked,
    section(() =>
      outbox({ postgres: reading })
        .status()
        .map((answer) => {
          figures.noteLag(lagsOf(answer))
          return summaryOf(answer)
        }),
    ),
    findingsOf(deps, asked),
  ])
  return { findings, stores, outbox: status, history: figures.history() }
}

async function storesOf({ stores, figures }: ScreenDeps) {
  const { stores: all } = await stores.health({ deadlineMs: healthMs })
  return ok(
    Object.entries(all).map(([name, health]) => {
      const bypassed = figures.bypassed(name)
      const isCacheBypassed = name === 'redis' && !stores.isCacheTrusted
      return stateOf(name, health, [...bypassed, ...(isCacheBypassed ? ['the cache'] : [])])
    }),
  )
}

/** By whether it answers: what depends on an optional store does without it all the same. */
function stateOf(name: string, health: StoreHealth, bypassed: readonly string[]): StoreState {
  if (health.status !== 'up') return { name, ...health, status: 'down' }
  if (bypassed.length === 0) return { name, ...health }
  return { name, ...health, status: 'degraded', error: `bypassed: ${bypassed.join(', ')}` }
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
