import type { Clock } from '@headwater/core'
import { Client } from 'pg'
import { anyOf, between } from '../run/chance.ts'

const hourMs = 3_600_000
const stepsMs = [-hourMs, -10_000, 0, 0, 10_000, hourMs] as const
/** Rare and short in processes, whose caches are of no use to each other meanwhile. */
const processShare = 0.1
const betweenStepsMs = [500, 1_000] as const

/** The clock of a machine that is now and then set back or forward; durations stay true. */
export function steppingClock(): Clock {
  let stepMs = 0
  let nextAtMs = 0
  return {
    now: () => {
      if (performance.now() > nextAtMs) {
        stepMs = Math.random() < processShare ? anyOf(stepsMs) : 0
        nextAtMs = performance.now() + between(...betweenStepsMs)
      }
      return Date.now() + stepMs
    },
    monotonic: () => performance.now(),
  }
}

/** What {@link withClock} connections and {@link setClock} need. */
export const createClock = `
  CREATE SCHEMA clock;
  CREATE TABLE clock.step (ms int NOT NULL);
  INSERT INTO clock.step VALUES (0);
  CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    RETURN pg_catalog.clock_timestamp() + (SELECT ms FROM clock.step) * interval '1 ms'`

/** The URL of connections for which PostgreSQL's clock can be set. */
export function withClock(postgresUrl: string): string {
  const url = new URL(postgresUrl)
  url.searchParams.set('options', '-c search_path=clock,pg_catalog,public')
  return url.href
}

/** Sets PostgreSQL’s clock back or forward, or right. */
export async function setClock(postgresUrl: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('UPDATE clock.step SET ms = $1', [anyOf(stepsMs)])
  } finally {
    await client.end()
  }
}
