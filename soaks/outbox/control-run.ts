import { setTimeout } from 'node:timers/promises'
import { idCursor, xminGuard } from './naive-readers.ts'
import { readLedger } from './accounts.ts'
import { Elsewhere } from './elsewhere.ts'
import { judgeLog } from './judge.ts'
import { onSite, type SoakRun } from './soak-run.ts'
import { Writers } from './writers.ts'

/** The usual hand-written readers. */
export const readers = { idCursor, xminGuard } as const

/** The defects that a control caused. */
export interface ControlResult {
  readonly events: number
  readonly lost: number
  readonly outOfOrder: number
}

const pollMs = 20

/**
 * Runs the same writers with a hand-written reader, whose server and sink never fail, and judges
 * it.
 */
export function runControl(
  name: keyof typeof readers,
  { seconds, postgres, redis }: SoakRun,
): Promise<ControlResult> {
  return onSite({ postgres, redis }, async (site) => {
    const { client } = site.stores.postgres
    const reader = readers[name](client)
    const elsewhere = new Elsewhere(site.postgresUrl)
    const writers = new Writers(site)
    const effects: string[] = []
    for (
      const endMs = performance.now() + seconds * 1_000;
      performance.now() < endMs;
      await setTimeout(pollMs)
    )
      effects.push(...(await reader.poll()))
    await writers.stop()
    await elsewhere.stop()
    effects.push(...(await reader.poll()))
    const committed = (await readLedger(client)).map((event) => ({
      ...event,
      name: `${event.account}@${event.version}`,
    }))
    const { lost, outOfOrder } = judgeLog({ committed, effects })
    return { events: committed.length, lost: lost.length, outOfOrder: outOfOrder.length }
  })
}
