import { Api, closeDefaults, HttpEnding } from '@headwater-examples/elearning'
import { Inject, Injectable } from '@nestjs/common'
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import type { Server } from 'node:http'

/** Lets requests under way finish before the services end. */
@Injectable()
export class HttpDrain implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #api: Api
  readonly #host: HttpAdapterHost
  #ending: HttpEnding | undefined

  constructor(@Inject(Api) api: Api, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#api = api
    this.#host = host
  }

  onApplicationBootstrap(): void {
    this.#ending = new HttpEnding(this.#host.httpAdapter.getHttpServer() as Server)
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#api.beginClose()
    if ((await this.#ending?.end((closeDefaults.deadlineMs * 2) / 3)) === false)
      throw new Error('requests were cut off')
  }
}
