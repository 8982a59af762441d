import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Keep } from './member-process.ts'
import type { NearFixture } from './near-fixture.ts'

/** Processes that keep values near. */
export class Members {
  readonly #children: ChildProcess[] = []

  /** Starts processes until there are so many. */
  async startUntil(
    count: number,
    { redisUrl, postgresUrl }: Pick<NearFixture, 'redisUrl' | 'postgresUrl'>,
  ): Promise<void> {
    while (this.#children.length < count) {
      const child = fork(new URL('./member-process.ts', import.meta.url), {
        execArgv: ['--conditions=headwater-source'],
      })
      this.#children.push(child)
      await ask(child, { redisUrl, postgresUrl })
    }
  }

  /** Resolves once every process keeps the values. */
  async keep(values: Keep): Promise<void> {
    await Promise.all(this.#children.map((child) => ask(child, values)))
  }

  /** Kills the processes. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      }),
    )
  }
}

async function ask(child: ChildProcess, message: object): Promise<void> {
  const heard = new AbortController()
  const { signal } = heard
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('a member ended')
  })
  child.send(message)
  await Promise.race([once(child, 'message', { signal }), ended])
  heard.abort()
}
