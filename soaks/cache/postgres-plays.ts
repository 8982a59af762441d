import { setTimeout } from 'node:timers/promises'
import type { PostgresServer } from '@headwater/testing'
import { anyOf, between } from '../run/chance.ts'
import { closeIdleConnections } from '../run/postgres-faults.ts'
import { setClock } from './clock-steps.ts'
import type { Fleet } from './fleet.ts'
import type { Play } from './play.ts'
import { transactionMs } from './subject.ts'
import type { WorkerSlot } from './worker-slot.ts'

/** PostgreSQL as it is soaked. */
export interface FailingPostgres {
  readonly postgres: PostgresServer
  readonly postgresUrl: string
}

/** The faults of a writer, of PostgreSQL, and of the way between them. */
export function postgresPlays(
  { writers }: Fleet,
  { postgres, postgresUrl }: FailingPostgres,
): readonly Play[] {
  const writer = anyOf(writers)
  const ofWriter = { slot: writer, isOfRedis: false }
  return [
    {
      ...ofWriter,
      fault: `SIGKILL ${writer.name}`,
      weight: 3,
      run: async () => {
        writer.kill()
      },
    },
    {
      ...ofWriter,
      fault: `cut PostgreSQL from ${writer.name}`,
      weight: 2,
      run: () => disturbPostgres(writer, 'cut'),
    },
    {
      ...ofWriter,
      fault: `hang PostgreSQL for ${writer.name}`,
      weight: 2,
      run: () => disturbPostgres(writer, 'hang'),
    },
    {
      fault: 'promote a standby of PostgreSQL',
      weight: 2,
      isOfRedis: false,
      run: () => postgres.promote(),
    },
    {
      fault: 'close the idle connections to PostgreSQL',
      weight: 2,
      isOfRedis: false,
      run: () => closeIdleConnections(postgresUrl),
    },
    {
      fault: 'set the clock of PostgreSQL',
      weight: 2,
      isOfRedis: false,
      run: () => setClock(postgresUrl),
    },
  ]
}

/**
 * Keeps the COMMITs of every writer from PostgreSQL while Redis loses the holds that it has
 * acknowledged, and sometimes a writer is killed as well. They are not kept for longer than a
 * transaction may last, however long Redis takes: the promise ends where a hold lapses.
 */
export async function beforeCommits(
  { writers }: Fleet,
  loseHolds: () => Promise<void>,
): Promise<void> {
  for (const { postgres } of writers) postgres.hang()
  const restored = setTimeout(between(transactionMs - 400, transactionMs - 30)).then(() => {
    if (Math.random() < 0.5) anyOf(writers).kill()
    for (const { postgres } of writers) postgres.restore()
  })
  await Promise.all([loseHolds(), restored])
}

async function disturbPostgres({ postgres }: WorkerSlot, verb: 'cut' | 'hang'): Promise<void> {
  postgres[verb]()
  await setTimeout(between(10, transactionMs - 30))
  postgres.restore()
}
