import { within } from '@headwater/core'
import type { ResultAsync, Stores } from '@headwater/core'
import type { Measure, Meter, Reading } from './metric.ts'
import type { TelemetryOptions } from './telemetry-options.ts'
import { activityReadings, processReadings, vitalReadings } from './read-metrics.ts'

type Part = 'postgres' | 'activity'

/**
 * Reads the metrics that are states: of this process, and of PostgreSQL by one statement. A part
 * that fails or is late is left out and counted. Callers at the same time share a reading.
 */
export class Readings {
  readonly #stores: Stores
  readonly #options: Required<Pick<TelemetryOptions, 'deadlineMs'>> & TelemetryOptions
  readonly #failed: Measure
  #reading: Promise<readonly Reading[]> | undefined

  constructor(
    stores: Stores,
    options: Required<Pick<TelemetryOptions, 'deadlineMs'>> & TelemetryOptions,
    meter: Meter,
  ) {
    this.#stores = stores
    this.#options = options
    this.#failed = meter.counter({
      name: 'headwater.telemetry.failed_readings',
      unit: '{reading}',
      description: 'Parts of the metrics that could not be read in time and are missing.',
      attributes: ['headwater.telemetry.part'],
    })
    for (const part of ['postgres', 'activity'] satisfies Part[]) this.#failed(0, part)
  }

  /** The values at this moment. Never rejects. */
  read(): Promise<readonly Reading[]> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readAll(): Promise<readonly Reading[]> {
    const { activity, deadlineMs } = this.#options
    const parts = await Promise.all([
      this.#part('postgres', () => vitalReadings(this.#stores, { deadlineMs })),
      activity && this.#part('activity', () => activityReadings(activity, { deadlineMs })),
    ])
    return [...processReadings(this.#stores), ...parts.flatMap((readings) => readings ?? [])]
  }

  async #part(
    part: Part,
    read: () => ResultAsync<readonly Reading[], unknown>,
  ): Promise<readonly Reading[] | undefined> {
    const readings = await within(settle(read), this.#options.deadlineMs, () => undefined)
    if (readings === undefined) this.#failed(1, part)
    return readings
  }
}

/** Waits for a reading; whatever goes wrong, even a throw of the host's own code, leaves none. */
async function settle(
  read: () => ResultAsync<readonly Reading[], unknown>,
): Promise<readonly Reading[] | undefined> {
  try {
    return await read().unwrapOr(undefined)
  } catch {
    return undefined
  }
}
