import type { Broker } from './broker.ts'

/**
 * Connects the broker that the environment names, if any.
 *
 * @throws Error when it names two.
 */
export async function brokerFromEnv(
  env: NodeJS.ProcessEnv,
  name: string,
): Promise<Broker | undefined> {
  const { HEADWATER_NATS_URL: nats, HEADWATER_RABBITMQ_URL: rabbitmq } = env
  if (nats && rabbitmq)
    throw new Error('HEADWATER_NATS_URL and HEADWATER_RABBITMQ_URL are both set: set one of them')
  if (nats) return (await import('./nats-broker.ts')).natsBroker({ url: nats, name })
  if (rabbitmq)
    return (await import('./rabbitmq-broker.ts')).rabbitmqBroker({ url: rabbitmq, name })
  return undefined
}
