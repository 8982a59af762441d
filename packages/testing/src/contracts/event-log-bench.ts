import { randomUUID } from 'node:crypto'
import type * as Mongodb from 'mongodb'
import type { Collection, Db, Document, MongoClient } from 'mongodb'
import { peer } from '../stack/peer.ts'

/** The official client, connected to a database that the suite creates and drops. */
export class EventLogBench {
  readonly mongodb: typeof Mongodb
  readonly client: MongoClient
  readonly database: Db

  private constructor(mongodb: typeof Mongodb, client: MongoClient) {
    this.mongodb = mongodb
    this.client = client
    this.database = client.db(`event_log_${randomUUID().slice(0, 13)}`)
  }

  static async connect(url: string): Promise<EventLogBench> {
    const mongodb = await peer('mongodb', 'mongodb', import('mongodb'))
    const client = new mongodb.MongoClient(url, {
      serverSelectionTimeoutMS: 10_000,
      retryWrites: false,
    })
    return new EventLogBench(mongodb, await client.connect())
  }

  /** A new, empty collection. */
  collection<T extends Document = Document>(): Collection<T> {
    return this.database.collection<T>(`c_${randomUUID().slice(0, 8)}`)
  }

  /** Inserts documents into a new collection. */
  async store(documents: Document[]): Promise<Collection> {
    const collection = this.collection()
    await collection.insertMany(documents)
    return collection
  }

  /** Runs a pipeline over documents. */
  async aggregate(documents: Document[], pipeline: Document[]): Promise<Document[]> {
    const collection = await this.store(documents)
    return collection.aggregate(pipeline).toArray()
  }

  async close(): Promise<void> {
    await this.database.dropDatabase()
    await this.client.close()
  }
}

/** The fields of a server's error, whichever error class the client wraps it in. */
export interface ServerFailure {
  code: number
  keyPattern?: Document
  keyValue?: Document
  writeErrors?: { index: number; code: number }[]
  result?: { insertedCount: number }
}

/** Resolves to the error of a failing call, and rejects when the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<ServerFailure> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome === undefined) throw new Error('the call succeeded')
  return outcome as ServerFailure
}

/**
 * An instant of the sample days: `at('02T10:30')` is the second of March 2026, half past ten, UTC.
 */
export function at(dayAndTime: string): Date {
  return new Date(`2026-03-${dayAndTime}:00.000Z`)
}
