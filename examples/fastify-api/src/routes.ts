import { badRequest, bodyTooLarge, operations, refuse } from '@headwater-examples/elearning'
import type { Answer, ApiRequest } from '@headwater-examples/elearning'
import { FailureError, goneSignal, invalidField } from '@headwater/core'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

const plugin: FastifyPluginAsync = async (fastify) => {
  const { api } = fastify

  fastify.addHook('preHandler', async (request, reply) => {
    const { operation } = request.routeOptions.config
    if (operation === undefined) return
    const { caller, ip: address, body } = request
    const { headers, failure } = await api.limit(operation, { caller, address, body })
    void reply.headers(headers)
    if (failure !== undefined) refuse(failure)
  })

  for (const operation of operations)
    fastify.route({
      method: operation.method,
      url: operation.path,
      config: { operation },
      handler: async (request, reply) =>
        send(reply, await api.run(operation, apiRequest(request, reply))),
    })

  fastify.setErrorHandler((error, _request, reply) => send(reply, api.refusalOf(ofFastify(error))))
  fastify.setNotFoundHandler(({ method, url }, reply) =>
    send(reply, api.noSuchOperation(method, url.split('?')[0] ?? url)),
  )
}

/** The routes of the API. */
export const routes = fp(plugin, {
  name: 'elearning-routes',
  fastify: '5.x',
  dependencies: ['headwater'],
})

function send(reply: FastifyReply, { status, headers, cookie, body }: Answer): FastifyReply {
  void reply.code(status).headers({ ...headers })
  if (cookie !== undefined) void reply.header('Set-Cookie', cookie)
  return reply.send(body)
}

function apiRequest(request: FastifyRequest, reply: FastifyReply): ApiRequest {
  const { params, query, body, caller, ip: address } = request
  const header = (name: string) => {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  return { params, query, body, header, address, caller, signal: goneSignal(reply.raw) }
}

/** What Fastify and its body parser refuse, as a failure of the API. */
function ofFastify(error: unknown): unknown {
  const { code, statusCode } = (error ?? {}) as {
    readonly code?: unknown
    readonly statusCode?: unknown
  }
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY' || code === 'FST_ERR_CTP_EMPTY_JSON_BODY')
    return new FailureError(invalidField('body', 'must be JSON'))
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new FailureError(bodyTooLarge)
  const isOfTheClient = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return isOfTheClient ? new FailureError(badRequest) : error
}
