import type { Step } from '../../explore.ts'
import type { Flaw, Setting, Troubles } from './setting.ts'
import {
  absent,
  type Entry,
  hold,
  noEntry,
  noTag,
  type Process,
  type Reader,
  type State,
  type Tag,
  tagged,
  told,
  type Writer,
} from './state.ts'

/** A state in which somebody takes a step. */
export interface Turn {
  readonly state: State
  readonly setting: Setting
  readonly flaw: Flaw | undefined
}

/** A step of the server's, or of whoever does it. */
export function step({ state }: Turn, name: string, change: (next: State) => void): Step<State> {
  const next = { ...state }
  change(next)
  return { name, actor: 'somebody', next }
}

/** A step of a writer's. */
export function writerStep(
  { state }: Turn,
  index: number,
  { name, change }: { name: string; change: (next: State, self: Writer) => void },
): Step<State> {
  const self = { ...(state.writers[index] as Writer) }
  const next = { ...state, writers: state.writers.with(index, self) }
  change(next, self)
  return { name, actor: writerNames[index] ?? 'writer', next }
}

/** A step of a reader's, which may be one of its followers' too. */
export function readerStep(
  { state }: Turn,
  index: number,
  { name, change }: { name: string; change: (next: State, self: Reader) => void },
): Step<State> {
  const next = { ...state, readers: state.readers.map((reader) => ({ ...reader })) }
  change(next, next.readers[index] as Reader)
  return { name, actor: readerNames[index] ?? 'reader', next }
}

/** A step of a process's. */
export function processStep(
  { state }: Turn,
  index: number,
  { name, change }: { name: string; change: (self: Process) => void },
): Step<State> {
  const self = { ...(state.processes[index] as Process) }
  change(self)
  return {
    name,
    actor: 'process',
    next: { ...state, processes: state.processes.with(index, self) },
  }
}

const writerNames = ['writer 0', 'writer 1', 'writer 2']
const readerNames = ['reader 0', 'reader 1', 'reader 2']

/** Uses one of the troubles up. */
export function suffer(next: State, trouble: keyof Troubles): void {
  next.troubles = { ...next.troubles, [trouble]: next.troubles[trouble] - 1 }
}

/** Makes a nonce. */
export function freshNonce(next: State): number {
  next.nonces += 1
  return next.nonces
}

/** Whether writers hold their keys before they commit. */
export function usesHolds({ flaw }: Turn): boolean {
  return flaw !== 'delete-after-commit' && flaw !== 'lease-without-hold'
}

/** The hold script, on the keys that `targets` names. */
export function holdKeys(
  turn: Turn,
  next: State,
  { bit, targets }: { bit: number; targets: number },
): void {
  const owners = (key: Entry | Tag) =>
    key.kind === hold && turn.flaw !== 'hold-without-owner' ? key.mask : 0
  if ((targets & 1) !== 0) next.entry = { ...noEntry(), kind: hold, mask: owners(next.entry) | bit }
  if ((targets & 2) !== 0) next.tag = { ...noTag(), kind: hold, mask: owners(next.tag) | bit }
}

/** The release script, on the keys that `targets` names. */
export function releaseKeys(
  turn: Turn,
  next: State,
  { bit, targets }: { bit: number; targets: number },
): void {
  const owners = (key: Entry | Tag) => remaining(turn, key, bit)
  const spared = (key: Entry | Tag) =>
    turn.flaw === 'release-spares-what-is-not-its-hold' && key.kind !== hold
  if ((targets & 1) !== 0 && !spared(next.entry)) next.entry = held(noEntry(), owners(next.entry))
  if ((targets & 2) !== 0 && !spared(next.tag)) next.tag = held(noTag(), owners(next.tag))
}

function remaining(turn: Turn, { kind, mask }: Entry | Tag, bit: number): number {
  const deletes =
    kind !== hold ||
    !usesHolds(turn) ||
    turn.flaw === 'release-deletes-any-hold' ||
    turn.flaw === 'hold-without-owner'
  return deletes ? 0 : mask & ~bit
}

/** A key with the hold of some owners; nothing when there are none. */
export function held<Key extends Entry | Tag>(key: Key, mask: number): Key {
  return mask === 0 ? key : { ...key, kind: hold, mask }
}

/** The tag script: the nonce of the tag, made where it has none; `undefined` while it is held. */
export function readTag({ flaw }: Turn, next: State): number | undefined {
  if (next.tag.kind === tagged) return next.tag.nonce
  if (next.tag.kind === hold && flaw !== 'tag-read-breaks-a-hold') return undefined
  // The flaw counts in the key itself, and begins again with every key.
  next.tag = { kind: tagged, mask: 0, nonce: flaw === 'tag-nonces-repeat' ? -1 : freshNonce(next) }
  return next.tag.nonce
}

/** Whether a look finds the tag as it was when the entry was loaded. */
export function isTagUnchanged({ flaw }: Turn, tag: Tag, nonce: number): boolean {
  if (tag.kind === absent) return flaw === 'missing-tag-counts-as-unchanged'
  if (tag.kind === hold) return flaw === 'held-tag-counts-as-unchanged'
  return tag.nonce === nonce
}

/** Tells the followers of a reader what it has loaded, and whether they may have it. */
export function tell(next: State, index: number, accepted: boolean): void {
  const { loaded: mask } = next.readers[index] as Reader
  for (const follower of next.readers)
    if (follower.leader === index)
      Object.assign(follower, { at: told, loaded: mask, accepted, leader: -1 })
}
