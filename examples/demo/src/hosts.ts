import type { Serve } from '@headwater-examples/elearning'

/** The frameworks that can serve the API of the demo. */
export const hostNames = ['express', 'fastify', 'hono', 'nestjs', 'nextjs'] as const

/** The name of a framework. */
export type HostName = (typeof hostNames)[number]

// By a variable, since the types of Next.js change global ones.
const nextjsApp: string = '@headwater-examples/nextjs-app'

const hosts: Readonly<Record<HostName, () => Promise<{ readonly serve: Serve }>>> = {
  express: () => import('@headwater-examples/express-api'),
  fastify: () => import('@headwater-examples/fastify-api'),
  hono: () => import('@headwater-examples/hono-api'),
  nestjs: () => import('@headwater-examples/nestjs-api'),
  nextjs: () => import(nextjsApp) as Promise<{ readonly serve: Serve }>,
}

/** Loads a framework and its wiring; the others are never loaded. */
export async function loadHost(name: HostName): Promise<Serve> {
  return (await hosts[name]()).serve
}

/** Whether a name is that of a host. */
export function isHostName(name: string): name is HostName {
  return (hostNames as readonly string[]).includes(name)
}
