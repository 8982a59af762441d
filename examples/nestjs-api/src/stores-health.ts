import type { Services } from '@headwater-examples/elearning'
import { Inject, Injectable } from '@nestjs/common'
import { HealthIndicatorService } from '@nestjs/terminus'
import { InjectServices } from './headwater.module.ts'

/** An indicator for Terminus: `down` when a store is that the application cannot work without. */
@Injectable()
export class StoresHealth {
  readonly #services: Services
  readonly #indicators: HealthIndicatorService

  constructor(
    @InjectServices() services: Services,
    @Inject(HealthIndicatorService) indicators: HealthIndicatorService,
  ) {
    this.#services = services
    this.#indicators = indicators
  }

  async check(key: string) {
    const { status, stores } = await this.#services.stores.health()
    const indicator = this.#indicators.check(key)
    return status === 'down' ? indicator.down({ stores }) : indicator.up({ stores })
  }
}
