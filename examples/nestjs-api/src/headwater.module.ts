import { Api, closeDefaults, closeServices } from '@headwater-examples/elearning'
import type { ApiOptions, Services } from '@headwater-examples/elearning'
import { ConfigurableModuleBuilder, Inject, Module } from '@nestjs/common'
import type { OnApplicationShutdown } from '@nestjs/common'

/** Options of {@link HeadwaterModule}. */
export interface HeadwaterOptions extends ApiOptions {
  readonly services: Services
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<HeadwaterOptions>({ moduleName: 'Headwater' })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal,
    }))
    .build()

/** The token of the services. */
export const SERVICES = Symbol('Headwater services')

/** Injects the services. */
export const InjectServices = () => Inject(SERVICES)

/** The services and the API, for every module. They end with the application. */
@Module({
  providers: [
    {
      provide: SERVICES,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ services }: HeadwaterOptions) => services,
    },
    {
      provide: Api,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ services, ...options }: HeadwaterOptions) => new Api(services, options),
    },
  ],
  exports: [SERVICES, Api],
})
export class HeadwaterModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  readonly #services: Services

  constructor(@InjectServices() services: Services) {
    super()
    this.#services = services
  }

  /** After the last answer. */
  async onApplicationShutdown(): Promise<void> {
    if (!(await closeServices(this.#services, closeDefaults.deadlineMs / 3)))
      throw new Error('the relay or the stores did not end in time')
  }
}
