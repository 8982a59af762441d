import { setTimeout } from 'node:timers/promises'
import { orThrow, outbox, type DeadLetterGroup, type SqlClient, type Stores } from '@headwater/core'
import { readAccounts, readLedger, stateText } from './accounts.ts'
import type { Destination } from './destination.ts'
import type { Fleet } from './fleet.ts'
import { judgeLog, judgeState } from './judge.ts'

/** The participants of a soak after the last fault. */
export interface Settling {
  readonly fleet: Fleet
  readonly stores: Stores
  readonly destination: Destination
  /** Names of the changes of which the SDK said that they are committed. */
  readonly acknowledged: readonly string[]
}

/** The contents of the sinks, compared with the committed changes. */
export interface Settled {
  /** Committed events. */
  readonly events: number
  /** Names of changes that were said to be committed, and are not. */
  readonly falseOks: readonly string[]
  /** Dead letters that nobody poisoned, with their reasons. */
  readonly innocent: readonly string[]
  /** Names of events without an effect. */
  readonly lost: readonly string[]
  /** Names of events. */
  readonly outOfOrder: readonly string[]
  /** Names of events. */
  readonly duplicateEffects: readonly string[]
  /** Sinks and accounts. */
  readonly wrongFinalState: readonly string[]
  /** The dead letters before their replay. */
  readonly deadLetters: readonly DeadLetterGroup[]
  /** Events still in the log. */
  readonly unpurged: number
  /** The steps that did not finish in time. */
  readonly delays: readonly string[]
  /** How long each step took, in milliseconds. */
  readonly tookMs: Readonly<Record<string, number>>
}

type Findings = Pick<Settled, 'lost' | 'outOfOrder' | 'duplicateEffects' | 'wrongFinalState'>

const patienceMs = 150_000
const guards = ['guarded', 'fenced'] as const

/**
 * Drains the relays and judges the sinks twice: first while the poisoned events are dead letters
 * and later events of their aggregates wait, then after the poison was lifted and the dead letters
 * were replayed.
 */
export async function settle({
  fleet,
  stores,
  destination,
  acknowledged,
}: Settling): Promise<Settled> {
  const sql = stores.postgres.client
  const delays: string[] = []
  const tookMs: Record<string, number> = {}
  const expect = async (what: string, isSo: Promise<boolean>): Promise<void> => {
    const startedMs = performance.now()
    if (!(await isSo)) delays.push(what)
    tookMs[what] = performance.now() - startedMs
  }
  fleet.order('calm')
  await expect('every sink received everything', fleet.drain(patienceMs))
  await expect(
    'only dead letters and events behind them are left',
    eventually(() => isEmpty(sql, restless)),
  )
  const before = await judge(sql, destination)
  const letters = orThrow(await outbox(stores).deadLetters.summary())
  const innocent = await readInnocent(sql)
  fleet.order('lift-poison')
  await expect(
    'every dead letter was replayed',
    eventually(() => replayed(stores)),
  )
  await expect(
    'every relay stopped',
    fleet.close().then((stopped) => stopped === fleet.slots.length),
  )
  const after = await judge(sql, destination)
  const { rows } = await sql.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM @schema.outbox',
  )
  const committed = new Set((await readLedger(sql)).map(({ name }) => name))
  return {
    ...joined(before, after),
    events: committed.size,
    falseOks: acknowledged.filter((name) => !committed.has(name)),
    innocent,
    deadLetters: letters,
    unpurged: rows[0]?.count ?? 0,
    delays,
    tookMs,
  }
}

async function judge(sql: SqlClient, destination: Destination): Promise<Findings> {
  const setAside = await readSetAside(sql)
  const [committed, effects] = [await readLedger(sql), await destination.effects()]
  const { lost, outOfOrder, duplicates } = judgeLog({
    committed,
    effects,
    setAside: new Set(setAside.map(({ name }) => name)),
  })
  const table = new Map((await readAccounts(sql)).map((state) => [state.account, stateText(state)]))
  const wrong: string[] = []
  for (const guard of guards) {
    const excused = new Set(
      setAside.filter(({ sink }) => sink === guard).map(({ account }) => account),
    )
    wrong.push(
      ...judgeState(table, await destination.states(guard))
        .filter((account) => !excused.has(account))
        .map((account) => `${guard} ${account}`),
    )
  }
  return { lost, outOfOrder, duplicateEffects: duplicates, wrongFinalState: wrong }
}

function joined(before: Findings, after: Findings): Findings {
  const union = (of: keyof Findings): string[] => [...new Set([...before[of], ...after[of]])]
  return {
    lost: union('lost'),
    outOfOrder: after.outOfOrder,
    duplicateEffects: after.duplicateEffects,
    wrongFinalState: union('wrongFinalState'),
  }
}

interface SetAside {
  readonly sink: string
  readonly account: string
  readonly name: string
}

async function readSetAside(sql: SqlClient): Promise<readonly SetAside[]> {
  const { rows } = await sql.query<SetAside & object>(`
    SELECT sink, aggregateid AS account, event -> 'payload' ->> 'name' AS name
    FROM @schema.outbox_failure f WHERE status = 'dead' OR ${isBehindDead}`)
  return rows
}

async function readInnocent(sql: SqlClient): Promise<readonly string[]> {
  const { rows } = await sql.query<{ letter: string }>(`
    SELECT sink || ' ' || (event -> 'payload' ->> 'name') || ': ' || (error ->> 'message') AS letter
    FROM @schema.outbox_failure
    WHERE status = 'dead' AND event #> '{payload,poison}' = 'null'`)
  return rows.map(({ letter }) => letter)
}

async function replayed(stores: Stores): Promise<boolean> {
  orThrow(await outbox(stores).deadLetters.replay({}))
  return isEmpty(stores.postgres.client, 'SELECT FROM @schema.outbox_failure LIMIT 1')
}

async function isEmpty(sql: SqlClient, query: string): Promise<boolean> {
  return (await sql.query(query)).rows.length === 0
}

async function eventually(isSo: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + patienceMs
  while (performance.now() < endMs) {
    if (await isSo()) return true
    await setTimeout(100)
  }
  return false
}

const isBehindDead = `EXISTS (
    SELECT FROM @schema.outbox_failure d
    WHERE d.sink = f.sink AND d.aggregatetype = f.aggregatetype
      AND d.aggregateid = f.aggregateid AND d.seq < f.seq AND d.status = 'dead')`

const restless = `
  SELECT FROM @schema.outbox_failure f
  WHERE status <> 'dead' AND NOT ${isBehindDead} LIMIT 1`
