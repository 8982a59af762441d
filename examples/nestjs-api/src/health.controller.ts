import { Api } from '@headwater-examples/elearning'
import { Controller, Get, Headers, Inject, ServiceUnavailableException } from '@nestjs/common'
import { HealthCheck, HealthCheckService } from '@nestjs/terminus'
import { StoresHealth } from './stores-health.ts'

/** The health of the application as Terminus reports it; other indicators go beside the stores. */
@Controller('health')
export class HealthController {
  readonly #api: Api
  readonly #health: HealthCheckService
  readonly #stores: StoresHealth

  constructor(
    @Inject(Api) api: Api,
    @Inject(HealthCheckService) health: HealthCheckService,
    @Inject(StoresHealth) stores: StoresHealth,
  ) {
    this.#api = api
    this.#health = health
    this.#stores = stores
  }

  @Get('details')
  @HealthCheck()
  check(@Headers('authorization') authorization?: string) {
    this.#api.checkMonitor(authorization)
    if (this.#api.isClosing) throw new ServiceUnavailableException()
    return this.#health.check([() => this.#stores.check('stores')])
  }
}
