import type { Broker } from './broker.ts'

/** Connects the broker that the environment names, if any. */
export async function brokerFromEnv(
  env: NodeJS.ProcessEnv,
  name: string,
): Promise<Broker | undefined> {
  const { HEADWATER_NATS_URL: nats, HEADWATER_RABBITMQ_URL: rabbitmq } = env
  if (nats) return (await import('./nats-broker.ts')).natsBroker({ url: nats, name })
  if (rabbitmq)
    return (await import('./rabbitmq-broker.ts')).rabbitmqBroker({ url: rabbitmq, name })
  return undefined
}
