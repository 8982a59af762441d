import {
  absent,
  type Entry,
  hold,
  lease,
  type Process,
  type State,
  type Tag,
  value,
} from './state.ts'
import { isTagUnchanged, type Turn } from './turn.ts'

/**
 * What a look says: the value that answers, that the key must be loaded (in place of the VALUE
 * `seen`), or that the cache may not be used.
 */
export type Look =
  | { readonly kind: 'hit'; readonly mask: number; readonly nonce: number }
  | { readonly kind: 'miss'; readonly seen: number }
  | { readonly kind: 'pass' }

/** Judges what a look found at the entry and at its tag. */
export function judge(
  turn: Turn,
  { reader, entry, tag }: { reader: number; entry: Entry; tag?: Tag },
): Look {
  if (entry.kind === hold) return { kind: 'pass' }
  const isKnown = isOfServer(turn, entry, cacheIdOf(turn, reader))
  if (entry.kind === absent || entry.kind === lease || !isKnown) return { kind: 'miss', seen: 0 }
  if (tag !== undefined && !isTagUnchanged(turn, tag, entry.tag))
    return tag.kind === hold ? { kind: 'pass' } : { kind: 'miss', seen: entry.nonce }
  return { kind: 'hit', mask: entry.mask, nonce: entry.nonce }
}

/** Whether a VALUE was leased on a server. */
export function isOfServer({ flaw }: Turn, entry: Entry, run: number): boolean {
  return entry.kind === value && (entry.run === run || flaw === 'no-run-id')
}

/**
 * Names what the process of a reader trusts: the server, and the last flush that it knows of. Ten
 * flushes are more than any setting has.
 */
export function cacheIdOf({ state, setting }: Turn, reader: number): number {
  return state.run * 10 + processOf({ state, setting }, reader).marker
}

function processOf({ state, setting }: Pick<Turn, 'state' | 'setting'>, reader: number): Process {
  return state.processes[setting.sameProcess === true ? 0 : reader] as Process
}

/** Whether the process of a reader may trust the cache. */
export function isTrusted({ state, setting }: Turn, reader: number): boolean {
  return state.isUp && processOf({ state, setting }, reader).isGateOpen
}

/**
 * What a read that begins now must not miss: everything that is committed, but for what the setting
 * makes no promise of.
 */
export function requiredOf({ state, setting }: Turn, reader: number): number {
  const { intents, flushedBy } = state
  const isUnseen = (intents & 1) !== 0 || processOf({ state, setting }, reader).marker < flushedBy
  const unseen = setting.isFirstWriterCutOff === true && isUnseen ? 1 : 0
  return state.database & ~state.lostHolds & ~unseen
}

/** Another reader of the same process that stands between two places, if there is one. */
export function fellow(
  { state, setting }: Turn,
  reader: number,
  between: readonly [number, number],
): number | undefined {
  if (setting.sameProcess !== true) return undefined
  const found = state.readers.findIndex(
    ({ at }: State['readers'][number], other) =>
      other !== reader && at >= between[0] && at <= between[1],
  )
  return found === -1 ? undefined : found
}
