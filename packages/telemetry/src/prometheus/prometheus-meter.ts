import type { Measure, Meter, Metric } from '../metrics/metric.ts'
import { type Family, HistogramFamily, NumberFamily } from './family.ts'

/** Keeps metrics in memory until they are scraped. */
export class PrometheusMeter implements Meter {
  readonly #families: Family[] = []

  /** Every metric, in the order in which they were made. */
  get families(): readonly Family[] {
    return this.#families
  }

  counter(metric: Metric): Measure {
    const family = this.#add(new NumberFamily(metric, 'counter'))
    return (value, ...attributes) => {
      family.add(value, attributes)
    }
  }

  histogram(metric: Metric): Measure {
    const family = this.#add(new HistogramFamily(metric))
    return (value, ...attributes) => {
      family.record(value, attributes)
    }
  }

  gauge(metric: Metric): Measure {
    const family = this.#add(new NumberFamily(metric, 'gauge'))
    return (value, ...attributes) => {
      family.set(value, attributes)
    }
  }

  #add<Kept extends Family>(family: Kept): Kept {
    this.#families.push(family)
    return family
  }
}
