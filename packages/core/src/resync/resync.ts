import type { Stores } from '../connect/stores.ts'
import { readRestoredLog } from '../outbox/after-restore.ts'
import { once } from '../once.ts'
import { err, ok, ResultAsync, type Result } from '../result.ts'
import { cachesPart } from './caches-part.ts'
import { outboxPart } from './outbox-part.ts'
import {
  rebuildSettings,
  resyncSettings,
  type RebuildOptions,
  type ResyncOptions,
} from './resync-options.ts'
import {
  incomplete,
  type ResyncIncomplete,
  type ResyncPartReport,
  type ResyncReport,
} from './resync-report.ts'
import type { Restore, Resyncable, ResyncWork } from './resyncable.ts'
import { sessionsPart } from './sessions-part.ts'
import { sinksPart } from './sinks-part.ts'

/**
 * Makes the other stores agree with a PostgreSQL that was restored to an earlier moment: voids all
 * caches, ends the sessions that began since, and has each part set aside, repair or rebuild what
 * it keeps. Without `apply` it only says what it would do.
 *
 * Stop all processes first, and start them anew once it is done: what they remember is of the lost
 * future, and until then a session of that future acts as whoever is given the id of its user. It
 * can be repeated, and goes on after a failure. Every part is tried; when one fails, the failure
 * has the report of all.
 *
 * @throws {@link InvalidOptions} when an option breaks a rule.
 * @example
 * ```ts
 * const restore = {
 *   restoredTo: new Date('2026-11-28T20:00:00Z'),
 *   openedAt: new Date(),
 *   parts: [...repositories.resyncables, ...search.resyncables],
 * }
 * console.dir(orThrow(await resync(stores, restore)), { depth: null })
 * orThrow(await resync(stores, { ...restore, apply: true }))
 * ```
 */
export function resync(
  stores: Stores,
  options: ResyncOptions,
): ResultAsync<ResyncReport, ResyncIncomplete> {
  const { restoredTo, openedAt, marginMs, parts, sinks, apply } = resyncSettings(options)
  const since = new Date(restoredTo.getTime() - marginMs)
  const readLog = once(() => readRestoredLog(stores, { from: since, until: openedAt }))
  const restore: Restore = { restoredTo, openedAt, since, readLog }
  const all = [...ownParts(stores), outboxPart(stores), ...parts, sinksPart(sinks)]
  return new ResultAsync(carryOut(all, (part) => part.afterRestore(restore), apply))
}

/**
 * Rebuilds what a store held that was lost whole and is there again, empty, as far as PostgreSQL
 * and the outbox reach. Says what is lost. Without `apply` it only says what it would do. It can be
 * repeated.
 *
 * @throws {@link InvalidOptions} when an option breaks a rule.
 * @example
 * ```ts
 * const parts = [...repositories.resyncables, ...search.resyncables]
 * orThrow(await rebuild(stores, { store: 'mongodb', parts, apply: true }))
 * ```
 */
export function rebuild(
  stores: Stores,
  options: RebuildOptions,
): ResultAsync<ResyncReport, ResyncIncomplete> {
  const { store, parts, apply } = rebuildSettings(options)
  const affected = [...ownParts(stores), ...parts].filter((part) => part.store === store)
  return new ResultAsync(carryOut(affected, (part) => part.afterLoss(), apply))
}

function ownParts(stores: Stores): readonly Resyncable[] {
  return [cachesPart(stores), sessionsPart(stores)]
}

/**
 * One part after the other: what answers requests, caches and sessions, comes before what takes
 * long.
 */
async function carryOut(
  parts: readonly Resyncable[],
  workOf: (part: Resyncable) => ResyncWork,
  isApplied: boolean,
): Promise<Result<ResyncReport, ResyncIncomplete>> {
  const reports: ResyncPartReport[] = []
  for (const part of parts) {
    const work = workOf(part)
    const found = await (isApplied ? work.apply() : work.plan())
    const { name, store } = part
    reports.push(
      found.isOk()
        ? { part: name, store, findings: found.value }
        : { part: name, store, findings: [], failure: found.error },
    )
  }
  const report = { isApplied, parts: reports }
  return reports.some(({ failure }) => failure !== undefined) ? err(incomplete(report)) : ok(report)
}
