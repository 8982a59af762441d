import { anonymous, Api, closeServices } from '@headwater-examples/elearning'
import type { ApiOptions, Caller, Operation, Services } from '@headwater-examples/elearning'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** The services on the stores. */
    headwater: Services
    /** The operations of the API, and what happens around each of them. */
    api: Api
  }
  interface FastifyRequest {
    /** The sender. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** The operation of a route. */
    operation?: Operation
  }
}

/** Options of the plugin. */
export interface HeadwaterOptions extends ApiOptions {
  readonly services: Services
  /** Time for the relay and the stores to end, in milliseconds. */
  readonly closeDeadlineMs: number
}

const plugin: FastifyPluginAsync<HeadwaterOptions> = async (fastify, options) => {
  const { services, closeDeadlineMs, ...apiOptions } = options
  const api = new Api(services, apiOptions)
  fastify.decorate('headwater', services)
  fastify.decorate('api', api)
  // Without a value: Fastify wants no object here, which all requests would share.
  fastify.decorateRequest('caller')

  fastify.addHook('onRequest', async (request) => {
    const { operation } = request.routeOptions.config
    request.caller = operation ? await api.identify(operation, request.headers.cookie) : anonymous
  })
  fastify.addHook('preClose', async () => {
    api.beginClose()
  })
  // Runs after the last answer.
  fastify.addHook('onClose', async () => {
    if (!(await closeServices(services, closeDeadlineMs)))
      throw new Error('the relay or the stores did not end in time')
  })
}

/** Decorates Fastify with the services and each request with its caller, and ends the services. */
export const headwater = fp(plugin, { name: 'headwater', fastify: '5.x' })
