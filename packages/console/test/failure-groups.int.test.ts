import { orThrow, outbox, ResultAsync } from '@headwater/core'
import type { PostgresStore, SqlError } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { beforeEach, expect, test } from 'vitest'
import { boundedPostgres } from '../src/bounded-postgres.ts'
import type { LetterGroup, OutboxScreen } from '../src/contract/outbox-screen.ts'
import type { AuditEntry } from '../src/contract/screens.ts'
import { failureGroups } from '../src/screens/failure-groups.ts'
import { selectExamples } from '../src/screens/outbox-queries.ts'
import { useDeployment, visitor } from './console-fixture.ts'

const deployment = useDeployment()
let ask: ReturnType<typeof visitor>

beforeEach(() => {
  ask = visitor(deployment().handle)
})

async function groupsOf(sink: string): Promise<readonly LetterGroup[]> {
  const { dead, waiting } = await ask.view<OutboxScreen>('outbox')
  if (!dead.isAvailable || !waiting.isAvailable) throw new Error(JSON.stringify({ dead, waiting }))
  return [...dead.data.groups, ...waiting.data.groups].filter((group) => group.sink === sink)
}

async function lastInAudit(): Promise<Pick<AuditEntry, 'action' | 'outcome'> | undefined> {
  const [entry] = await ask.view<readonly AuditEntry[]>('audit')
  return entry
}

/**
 * Dead letters of a sink that no relay runs, of one kind or of several, the first of which has the
 * most.
 */
async function buryMany(sink: string, number: number, kinds = 1): Promise<void> {
  const { client } = deployment().stores.postgres
  await client.query(
    `INSERT INTO @schema.outbox_sink (sink, mode, types) VALUES ($1, 'log', '{*}')`,
    [sink],
  )
  await client.query(
    `INSERT INTO @schema.outbox_failure
       (sink, seq, shard, aggregatetype, aggregateid, event, status, fingerprint, error)
     SELECT $1, n, 0, 'note', n::text, jsonb_build_object(
       'id', 'e' || n, 'type', 'note.sent', 'payload', jsonb_build_object('to', 'ada')
     ), 'dead', 'lost' || coalesce(nullif(n % $3::int, 0)::text, ''), '{"message": "lost"}'
     FROM generate_series(0, $2::int - 1) AS n`,
    [sink, number, kinds],
  )
}

test('What waits and what was given up stand in groups, each with an example without values', async () => {
  await deployment().bury('a1', 'a2')
  await deployment().delay('w1', 'w2', 'w3')
  const shape = { to: 'string', lines: ['string'], copies: 'number' }
  await eventually(async () => {
    expect(await groupsOf('mail')).toMatchObject([
      { state: 'dead', count: 2, message: 'no such mailbox', example: { shape } },
      {
        state: 'waiting',
        count: 3,
        message: 'mailbox 7 is full',
        example: { eventType: 'note.delayed', shape },
      },
    ])
  })
  expect(JSON.stringify(await groupsOf('mail'))).not.toMatch(/ada@example|secret words/)
})

test('Waiting events are tried at once, and discarded no more than the operator was shown', async () => {
  await deployment().delay('v1', 'v2')
  const { parked } = outbox(deployment().stores)
  const [group] = orThrow(await parked.summary({ sink: 'mail' }))
  const { sink, fingerprint, count } = group ?? { sink: '', fingerprint: '', count: 0 }
  const { client } = deployment().stores.postgres
  const postponed = await client.query(
    `UPDATE @schema.outbox_failure SET next_at = now() + interval '1 hour' WHERE status = 'retry'`,
  )
  expect(postponed.rowCount).toBe(count)
  const tried = await ask.act('outbox/try', { sink, fingerprint })
  expect(await tried.json()).toEqual({ outcome: `asked for ${count} events to be tried now` })
  const few = { sink, fingerprint, atMost: count - 1 }
  expect((await ask.act('outbox/discard-waiting', few)).status).toBe(409)
  expect((await ask.act('outbox/discard-waiting', few, { who: 'eve:read' })).status).toBe(403)
  const dropped = await ask.act('outbox/discard-waiting', { ...few, atMost: count })
  expect(await dropped.json()).toEqual({ outcome: `discarded ${count} events` })
  await eventually(async () => expect(orThrow(await parked.summary())).toEqual([]))
})

test('One action takes five thousand events, is one entry of the audit, and says what is left', async () => {
  await buryMany('post', 5_003)
  const match = { sink: 'post', fingerprint: 'lost' }
  const replayed = await ask.act('outbox/replay', match)
  expect(await replayed.json()).toEqual({ outcome: 'replayed 5000 events, 3 left' })
  expect(await lastInAudit()).toMatchObject({
    action: 'outbox/replay',
    outcome: 'replayed 5000 events, 3 left',
  })
  const discarded = await ask.act('outbox/discard', { ...match, atMost: 3 })
  expect(await discarded.json()).toEqual({ outcome: 'discarded 3 events' })
  expect(await groupsOf('post')).toEqual([])
  orThrow(await outbox(deployment().stores).removeSink('post'))
})

test('Fifty kinds that were given up hide none that waits, and the others are counted', async () => {
  await Promise.all([deployment().bury('u1'), deployment().delay('u2')])
  await buryMany('post', 54, 53)
  const { dead, waiting } = await failureGroups(reading())
  expect(dead).toMatchObject({ data: { more: 4 } })
  const shown = dead.isAvailable ? dead.data.groups : []
  expect(shown).toHaveLength(50)
  const lost = { count: 2, example: { eventId: 'e53' } }
  expect(shown.find(({ fingerprint }) => fingerprint === 'lost')).toMatchObject(lost)
  expect(shown.filter(({ example }) => example === undefined)).toEqual([])
  const example = { eventType: 'note.delayed' }
  expect(waiting).toMatchObject({ data: { groups: [{ sink: 'mail', example }], more: 0 } })
  orThrow(await outbox(deployment().stores).removeSink('post'))
})

test('An example of every group is found in one pass over what failed', async () => {
  await buryMany('post', 2_000, 50)
  const read = await rowsReadBy(selectExamples)
  expect(read).toBeGreaterThanOrEqual(2_000)
  expect(read).toBeLessThan(6_000)
  orThrow(await outbox(deployment().stores).removeSink('post'))
})

const late: readonly [string, () => Promise<never>, RegExp][] = [
  ['fail', () => Promise.reject(new Error('out of memory')), /out of memory/],
  ['are late', () => new Promise(() => undefined), /no answer within \d+ ms/],
]

test.each(late)('Groups stand without examples that %s, and say why', async (_, answer, reason) => {
  await deployment().bury('x1')
  const bounded = reading()
  const query = (text: string, values?: readonly unknown[]) =>
    text === selectExamples
      ? ResultAsync.fromPromise(answer(), (error) => error as SqlError)
      : bounded.query(text, values)
  const { dead } = await failureGroups({ ...bounded, query } as PostgresStore)
  expect(dead).toMatchObject({
    data: {
      groups: [{ sink: 'mail', message: 'no such mailbox' }],
      withoutExamples: expect.stringMatching(reason) as string,
    },
  })
})

test('Groups and their examples are asked for at once', async () => {
  const bounded = reading()
  const allAsked = Promise.withResolvers<undefined>()
  let asked = 0
  const query = (text: string, values?: readonly unknown[]) => {
    asked += 1
    if (asked === 3) allAsked.resolve(undefined)
    const answer = allAsked.promise.then(() => bounded.client.query(text, values))
    return ResultAsync.fromPromise(answer, (error) => error as SqlError)
  }
  const { dead, waiting } = await failureGroups({ ...bounded, query } as PostgresStore)
  expect([dead.isAvailable, waiting.isAvailable]).toEqual([true, true])
})

function reading(): PostgresStore {
  return boundedPostgres(deployment().stores.postgres, { ms: 700, mayWrite: false })
}

/** A node of a plan that was carried out, as PostgreSQL describes it. */
interface PlanNode {
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

async function rowsReadBy(sql: string): Promise<number> {
  const { rows } = await deployment().stores.postgres.client.query<{
    readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }]
  }>(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${sql}`)
  return rows[0] === undefined ? 0 : rowsRead(rows[0]['QUERY PLAN'][0].Plan)
}

/** Rows of tables that the nodes of a plan have looked at. */
function rowsRead(node: PlanNode): number {
  const below = (node.Plans ?? []).map(rowsRead).reduce((sum, rows) => sum + rows, 0)
  if (node['Relation Name'] === undefined) return below
  const each = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)
  return below + each * node['Actual Loops']
}
