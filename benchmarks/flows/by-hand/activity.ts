import type { Clients } from './clients.ts'
import { Later } from './later.ts'

/** The activity log, as in the reference design. */
export class ActivityLog {
  readonly #clients: Clients
  readonly #later = new Later()

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /** What MongoDB does not take is lost, and there is no bound on what waits for it. */
  async logActivity(userId: number, eventType: string, eventData: object): Promise<void> {
    this.#later.add(
      this.#clients.mongodb.collection('user_activity').insertOne({
        user_id: userId,
        event_type: eventType,
        event_data: eventData,
        timestamp: new Date(),
      }),
    )
  }

  /** Waits until everything is written. */
  settled(): Promise<void> {
    return this.#later.settled()
  }
}
