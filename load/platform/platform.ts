import { shownHits } from '../../benchmarks/api/answers.ts'
import type { ShownHit } from '../../benchmarks/api/load/requests.ts'
import { Child } from '../../benchmarks/measure/child.ts'
import type { FaultName } from '../faults/fault.ts'
import type { FaultPlayer } from '../faults/timeline.ts'
import type { ServedApp } from './app-process.ts'
import type { StoreAddresses } from './stores.ts'
import type { StoresOrder } from './stores-process.ts'

/** The Express example on stores of its own, each in another process than this one. */
export class Platform implements FaultPlayer {
  readonly app: ServedApp
  readonly addresses: StoreAddresses
  /** Hits that searches have shown, to be clicked on. */
  readonly hits: readonly ShownHit[]
  readonly #processes: Processes

  private constructor(
    { app, addresses, hits }: Pick<Platform, 'app' | 'addresses' | 'hits'>,
    processes: Processes,
  ) {
    this.app = app
    this.addresses = addresses
    this.hits = hits
    this.#processes = processes
  }

  /** Starts the stores, fills them and starts the application; with proxies for faults. */
  static async open({ isProxied }: { readonly isProxied: boolean }): Promise<Platform> {
    const processes = {
      stores: new Child(new URL('./stores-process.ts', import.meta.url)),
      app: new Child(new URL('./app-process.ts', import.meta.url)),
    }
    try {
      const start: StoresOrder = { start: { isProxied } }
      const addresses = await answerOf<StoreAddresses>(processes.stores, start)
      const app = await answerOf<ServedApp>(processes.app, addresses)
      const hits = await shownHits(app)
      return new Platform({ app, addresses, hits }, processes)
    } catch (error) {
      await stop(processes)
      throw error
    }
  }

  begin(fault: FaultName): Promise<unknown> {
    return answerOf(this.#processes.stores, { begin: fault })
  }

  end(fault: FaultName): Promise<unknown> {
    return answerOf(this.#processes.stores, { end: fault })
  }

  /** Stops everything. */
  close(): Promise<void> {
    return stop(this.#processes)
  }
}

interface Processes {
  readonly stores: Child
  readonly app: Child
}

async function answerOf<Answer>(
  child: Child,
  order: StoresOrder | StoreAddresses,
): Promise<Answer> {
  const answer = await child.ask<Answer & { readonly error?: string }>(order)
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}

async function stop({ stores, app }: Processes): Promise<void> {
  await app.stop()
  // Servers that are told to end remove their directories before the process is killed.
  await stores.ask({ stop: true }).catch(() => undefined)
  await stores.stop()
}
