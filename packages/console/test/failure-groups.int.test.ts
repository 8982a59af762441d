import { orThrow, outbox } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { beforeEach, expect, test } from 'vitest'
import type { LetterGroup, OutboxScreen } from '../src/contract/outbox-screen.ts'
import type { AuditEntry } from '../src/contract/screens.ts'
import { useDeployment, visitor } from './console-fixture.ts'

const deployment = useDeployment()
let ask: ReturnType<typeof visitor>

beforeEach(() => {
  ask = visitor(deployment().handle)
})

async function groupsOf(sink: string): Promise<readonly LetterGroup[]> {
  const { groups } = await ask.view<OutboxScreen>('outbox')
  if (!groups.isAvailable) throw new Error(groups.reason)
  return groups.data.filter((group) => group.sink === sink)
}

async function lastInAudit(): Promise<Pick<AuditEntry, 'action' | 'outcome'> | undefined> {
  const [entry] = await ask.view<readonly AuditEntry[]>('audit')
  return entry
}

/** More dead letters than one action takes, of a sink that no relay runs. */
async function buryMany(sink: string, number: number): Promise<void> {
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
     ), 'dead', 'lost', '{"message": "lost"}' FROM generate_series(1, $2::int) AS n`,
    [sink, number],
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
