import type { Stores } from '../connect/stores.ts'
import type { SqlError } from '../errors.ts'
import { countShards, countUndelivered, raiseFences } from '../outbox/after-restore.ts'
import {
  findRefusal,
  resetOutbox,
  type OriginStores,
  type OutboxRestored,
} from '../outbox/origin.ts'
import { okAsync, type ResultAsync } from '../result.ts'
import type { Resyncable, ResyncFinding } from './resyncable.ts'

/**
 * The cursors of sinks. They were restored along with the log and agree with it, unless its
 * transaction ids belong to another server: then the outbox is reset. Their fences are behind those
 * that destinations have seen.
 */
export function outboxPart(stores: OriginStores): Resyncable {
  return {
    name: 'outbox',
    store: 'postgres',
    afterRestore: () => ({
      plan: () =>
        findRefusal(stores).andThen((refusal) =>
          planned(refusal, stores).andThen((findings) =>
            countShards(stores).map((shards) => [...findings, ...ofCursors(refusal, shards)]),
          ),
        ),
      apply: () =>
        findRefusal(stores).andThen((refusal) =>
          resetWhere(refusal, stores)
            .andThen(() => raiseFences(stores))
            .andThen((shards) =>
              repeated(stores).map((findings) => [...findings, ...ofCursors(refusal, shards)]),
            ),
        ),
    }),
    afterLoss: () => nothingToDo,
  }
}

const nothingToDo = { plan: () => okAsync([]), apply: () => okAsync([]) }

function resetWhere(
  refusal: OutboxRestored | undefined,
  stores: OriginStores,
): ResultAsync<void, SqlError> {
  // What the restored server lacks is dealt with by this resync: relays need not refuse it.
  return resetOutbox(stores, { history: refusal === undefined ? 'continued' : 'restored' })
}

/** Positions of another server count nothing here. */
function planned(
  refusal: OutboxRestored | undefined,
  stores: Pick<Stores, 'postgres'>,
): ResultAsync<readonly ResyncFinding[], SqlError> {
  if (refusal === undefined) return repeated(stores)
  return okAsync([{ what: 'events that some sink had not taken, to all', outcome: 'repeated' }])
}

/** Sinks may have received these before the disaster. */
function repeated(
  stores: Pick<Stores, 'postgres'>,
): ResultAsync<readonly ResyncFinding[], SqlError> {
  return countUndelivered(stores).map((undelivered) =>
    undelivered.map(({ sink, events }): ResyncFinding => ({
      what: `events before the restored moment, to ${sink}`,
      count: events,
      outcome: 'repeated',
    })),
  )
}

function ofCursors(refusal: OutboxRestored | undefined, shards: number): ResyncFinding[] {
  const fences: ResyncFinding = {
    what: 'fences that destinations may have seen, by shard and sink',
    count: shards,
    outcome: 'passed-over',
  }
  return refusal === undefined
    ? [fences]
    : [{ what: 'positions that are transaction ids of another server', outcome: 'rebuilt' }, fences]
}
