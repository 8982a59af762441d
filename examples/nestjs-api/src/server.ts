import 'reflect-metadata'
import { hostDefaults, maxBodyBytes, safetyHeaders, urlOf } from '@headwater-examples/elearning'
import type { HostOptions, RunningHost, Services } from '@headwater-examples/elearning'
import type { DynamicModule } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { Request, Response } from 'express'
import { AppModule } from './app.module.ts'
import { HeadwaterModule } from './headwater.module.ts'

/** Creates the application, which does not listen yet. */
export async function createApp(
  headwater: DynamicModule,
  trustedProxies: number,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.on(headwater), {
    // What cannot start rejects; Nest would abort the process.
    abortOnError: false,
    bodyParser: false,
    logger: ['error', 'warn'],
  })
  app.disable('x-powered-by')
  app.set('trust proxy', trustedProxies)
  app.use((_request: Request, response: Response, next: () => void) => {
    response.set(safetyHeaders)
    next()
  })
  app.useBodyParser('json', { limit: maxBodyBytes })
  return app
}

/** Serves the API with NestJS. */
export async function serve(services: Services, options: HostOptions = {}): Promise<RunningHost> {
  const { port, trustedProxies, ...apiOptions } = { ...hostDefaults, ...options }
  const headwater = HeadwaterModule.forRoot({ services, ...apiOptions })
  const app = await createApp(headwater, trustedProxies)
  await app.listen(port, '127.0.0.1')
  let closing: Promise<boolean> | undefined
  // An application that is not closed by hand calls `app.enableShutdownHooks()` for the same.
  const close = () =>
    app.close().then(
      () => true,
      () => false,
    )
  return { url: urlOf(app.getHttpServer()), close: () => (closing ??= close()) }
}
