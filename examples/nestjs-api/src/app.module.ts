import { Module } from '@nestjs/common'
import type { DynamicModule } from '@nestjs/common'
import { APP_FILTER, APP_GUARD } from '@nestjs/core'
import { TerminusModule } from '@nestjs/terminus'
import { ApiController } from './api.controller.ts'
import { CallerGuard } from './caller.guard.ts'
import { FailureFilter } from './failure.filter.ts'
import { HealthController } from './health.controller.ts'
import { HttpDrain } from './http-drain.ts'
import { StoresHealth } from './stores-health.ts'

/** The e-learning API. */
@Module({})
export class AppModule {
  /** `headwater` is `HeadwaterModule.forRoot(…)` or `HeadwaterModule.forRootAsync(…)`. */
  static on(headwater: DynamicModule): DynamicModule {
    return {
      module: AppModule,
      imports: [headwater, TerminusModule.forRoot({ logger: false })],
      controllers: [ApiController, HealthController],
      providers: [
        HttpDrain,
        StoresHealth,
        { provide: APP_GUARD, useClass: CallerGuard },
        { provide: APP_FILTER, useClass: FailureFilter },
      ],
    }
  }
}
