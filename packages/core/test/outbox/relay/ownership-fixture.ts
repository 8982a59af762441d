import type { SqlClient } from '@headwater/core'
import { stuckSql } from '../../../src/outbox/failures/failure-queries.ts'
import {
  acknowledgeSql,
  acknowledgeWithFailuresSql,
  claimSql,
  leaveSql,
  pulseSql,
  reclaimSql,
  releaseSql,
} from '../../../src/outbox/relay/cursor-queries.ts'
import { Ownership } from '../../../src/outbox/relay/ownership.ts'

type Values = readonly unknown[]

/** The ownership of a relay, the server that it asks, and the statements that it has sent. */
export function ownershipFixture() {
  const server = {
    isRegistered: true,
    relays: 1,
    free: 64,
    /** The fences of the shards that the relay owns. */
    fences: new Map<number, bigint>(),
    stuck: [] as readonly { shard: number; aggregatetype: string; aggregateid: string }[],
    failure: undefined as Error | undefined,
    /** Called before each answer. */
    answering: async (): Promise<void> => undefined,
  }
  const sent: string[] = []
  const time = { nowMs: 100_000 }
  const rowOf = ([shard, fence]: readonly [number, bigint]) => ({
    shard,
    fence: String(fence),
    tick: '1',
    tick_to: null,
    last_seq: '0',
    crashes: 0,
  })
  const counted = ([, shards, fences]: Values) =>
    (shards as number[])
      .filter((shard, at) => server.fences.get(shard) === BigInt((fences as string[])[at] ?? -1))
      .map((shard) => ({ shard }))
  const statements = new Map<string, readonly [string, (values: Values) => readonly unknown[]]>([
    [
      pulseSql,
      [
        'pulse',
        () => [
          {
            is_registered: server.isRegistered,
            relays: server.relays,
            free: server.free,
            shards: [...server.fences.keys()],
            fences: [...server.fences.values()].map(String),
          },
        ],
      ],
    ],
    [
      claimSql,
      [
        'claim',
        (values) => {
          const count = Math.min(values.at(-1) as number, server.free)
          const first = server.fences.size
          const shards = Array.from({ length: count }, (_, at) => first + at)
          for (const shard of shards) server.fences.set(shard, 1n)
          return shards.map((shard) => rowOf([shard, 1n]))
        },
      ],
    ],
    [
      reclaimSql,
      [
        'reclaim',
        () => {
          for (const [shard, fence] of server.fences) server.fences.set(shard, fence + 1n)
          return [...server.fences].map(rowOf)
        },
      ],
    ],
    [
      releaseSql,
      [
        'release',
        (values) => {
          for (const shard of values[2] as number[]) server.fences.delete(shard)
          return []
        },
      ],
    ],
    [leaveSql, ['leave', () => []]],
    [acknowledgeSql, ['acknowledge', counted]],
    [acknowledgeWithFailuresSql, ['acknowledge failures', counted]],
    [stuckSql, ['stuck', () => server.stuck]],
  ])
  const query = async (text: string, values: Values) => {
    const [name, answer] = statements.get(text) ?? ['unknown', () => []]
    sent.push(name)
    await server.answering()
    if (server.failure !== undefined) throw server.failure
    return { rows: answer(values) }
  }
  const ticks: { history: string | undefined } = { history: 'here' }
  const ownership = new Ownership({
    sql: { query } as unknown as SqlClient,
    owning: {
      sink: { name: 'recorder', mode: 'log', types: ['*'] },
      owner: 'me',
      leaseMs: 1_000,
    },
    clock: { now: () => time.nowMs, monotonic: () => time.nowMs },
    ticks,
  })
  /** What is sent during a call. */
  const sentBy = async (call: () => Promise<unknown>): Promise<string[]> => {
    sent.length = 0
    await call()
    return [...sent]
  }
  return { ownership, sent, sentBy, server, ticks, time }
}

/** An ownership that owns four shards, all that its server has. */
export async function owningFour() {
  const fixture = ownershipFixture()
  fixture.server.relays = 16
  await fixture.ownership.pulse()
  await fixture.ownership.balance()
  fixture.server.free = 0
  fixture.sent.length = 0
  return fixture
}
