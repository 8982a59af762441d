import {
  closeDefaults,
  hostDefaults,
  HttpEnding,
  maxBodyBytes,
  safetyHeaders,
  urlOf,
} from '@headwater-examples/elearning'
import type { HostOptions, RunningHost, Services } from '@headwater-examples/elearning'
import Fastify from 'fastify'
import { headwater } from './headwater.ts'
import { routes } from './routes.ts'

/** Serves the API with Fastify. */
export async function serve(services: Services, options: HostOptions = {}): Promise<RunningHost> {
  const { port, trustedProxies, ...apiOptions } = { ...hostDefaults, ...options }
  const fastify = Fastify({
    bodyLimit: maxBodyBytes,
    trustProxy: (_address, hop) => hop < trustedProxies,
  })
  const ending = new HttpEnding(fastify.server)
  fastify.addHook('onRequest', async (_request, reply) => {
    void reply.headers(safetyHeaders)
  })
  const closeDeadlineMs = closeDefaults.deadlineMs / 3
  await fastify.register(headwater, { services, closeDeadlineMs, ...apiOptions })
  await fastify.register(routes)
  fastify.addHook('preClose', async () => {
    ending.closeUnused()
  })
  await fastify.listen({ port, host: '127.0.0.1' })

  let closing: Promise<boolean> | undefined
  const close = async (deadlineMs: number): Promise<boolean> => {
    const cut = setTimeout(
      () => {
        fastify.server.closeAllConnections()
      },
      (deadlineMs * 2) / 3,
    )
    try {
      await fastify.close()
      return true
    } catch {
      return false
    } finally {
      clearTimeout(cut)
    }
  }
  return {
    url: urlOf(fastify.server),
    close: ({ deadlineMs = closeDefaults.deadlineMs } = {}) => (closing ??= close(deadlineMs)),
  }
}
