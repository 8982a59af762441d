import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { NatsServer } from './nats-server.ts'

const stream = 'BENCH'

/** The first part of the subjects of both sides. */
export const subjectPrefix = 'bench'

/** One connection that both sides publish on, and the stream that takes it. */
export interface NatsFixture {
  readonly connection: NatsConnection
  readonly client: JetStreamClient
  /** Empties the stream. */
  empty(): Promise<void>
  /** Messages in the stream. */
  count(): Promise<number>
  close(): Promise<void>
}

/** Connects and creates the stream, in files, as in production. */
export async function openNatsFixture({ url }: NatsServer): Promise<NatsFixture> {
  const connection = await connect({ servers: url })
  const manager = await jetstreamManager(connection)
  await manager.streams.delete(stream).catch(() => undefined)
  await manager.streams.add({ name: stream, subjects: [`${subjectPrefix}.>`] })
  return {
    connection,
    client: jetstream(connection),
    empty: async () => void (await manager.streams.purge(stream)),
    count: async () => (await manager.streams.info(stream)).state.messages,
    close: async () => {
      await manager.streams.delete(stream)
      await connection.close()
    },
  }
}
