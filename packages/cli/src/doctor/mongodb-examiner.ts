import type { Stores } from '@headwater/core'
import { checkClock } from './clock-check.ts'
import type { Examiner } from './examine.ts'
import { isAtLeast } from './versions.ts'

/** Examines MongoDB. */
export function mongodbExaminer(
  mongodb: NonNullable<Stores['mongodb']>,
  { clock }: Pick<Stores, 'clock'>,
): Examiner {
  let version = ''
  return {
    store: 'mongodb',
    greet: (deadlineMs) =>
      mongodb
        .run(
          'build info',
          async (database, signal) => database.command({ buildInfo: 1 }, { signal }),
          { deadlineMs },
        )
        .map(({ version: said }) => {
          version = String(said)
          return version
        }),
    look: async (findings) => {
      if (isAtLeast(version, '5.0')) findings.ok('version', 'supported')
      else findings.fail('version', 'older than MongoDB 5', 'upgrade the server')
      const reading = await mongodb.run('hello', async (database, signal) => {
        const askedMs = clock.now()
        const { localTime } = await database.command({ hello: 1 }, { signal })
        return { askedMs, answeredMs: clock.now(), serverMs: Number(localTime) }
      })
      if (reading.isErr()) findings.unknown('clock', reading.error.message)
      else if (Number.isFinite(reading.value.serverMs)) checkClock(findings, reading.value)
    },
  }
}
