import { Child } from '../measure/child.ts'
import type { Keep } from './member-process.ts'
import type { NearFixture } from './near-fixture.ts'

/** Processes that keep values near. */
export class Members {
  readonly #children: Child[] = []

  /** Starts processes until there are so many. */
  async startUntil(
    count: number,
    { redisUrl, postgresUrl }: Pick<NearFixture, 'redisUrl' | 'postgresUrl'>,
  ): Promise<void> {
    while (this.#children.length < count) {
      const child = new Child(new URL('./member-process.ts', import.meta.url))
      this.#children.push(child)
      await child.ask({ redisUrl, postgresUrl })
    }
  }

  /** Resolves once every process keeps the values. */
  async keep(values: Keep): Promise<void> {
    await Promise.all(this.#children.map((child) => child.ask(values)))
  }

  /** Kills the processes. */
  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()))
  }
}
