import { type MongodbStandIn, startMongodbStandIn } from '@headwater/testing'

/** A MongoDB that goes down and returns on the same port with every acknowledged write. */
export class RestartableMongodb {
  #standIn: MongodbStandIn

  private constructor(standIn: MongodbStandIn) {
    this.#standIn = standIn
  }

  /** Starts it, empty. */
  static async start(): Promise<RestartableMongodb> {
    return new RestartableMongodb(await startMongodbStandIn())
  }

  get url(): string {
    return this.#standIn.url
  }

  /** Stops it, whatever is under way. */
  async stop(): Promise<void> {
    await this.#standIn.stop()
  }

  /** Starts it again. */
  async restart(): Promise<void> {
    const { port, store } = this.#standIn
    await this.#standIn.stop()
    this.#standIn = await startMongodbStandIn({ port, store })
  }
}
