import type { Troubles } from './setting.ts'
import { type Entry, type Process, type Reader, resting, type State, type Tag } from './state.ts'

/**
 * A short text that is the same for equal states and differs for different ones: one character for
 * each number, nonces by their first appearance. Readers of different processes are like each
 * other: their order says nothing.
 */
export function identify(state: State): string {
  const { readers, processes } = state
  if (processes.length !== 2) return textOf(state, readers, processes)
  const one = textOf(state, readers, processes)
  const other = textOf(state, readers.toReversed(), processes.toReversed())
  return one < other ? one : other
}

function textOf(state: State, readers: readonly Reader[], processes: readonly Process[]): string {
  const text = new Text()
  text.add(
    state.database,
    state.run,
    Number(state.isUp),
    state.intents,
    state.settling + 1,
    state.marker,
    state.markers,
    state.flushes,
    state.flushing,
    state.flushedBy,
    state.lostHolds,
    ...troublesOf(state.troubles),
  )
  text.addKey(state.entry)
  text.addKey(state.tag)
  text.addKey(state.saved?.entry)
  text.addKey(state.saved?.tag)
  text.add(state.saved?.marker ?? 0)
  if (state.replica !== undefined) {
    text.addKey(state.replica.entry)
    text.addKey(state.replica.tag)
    text.add(state.replica.run, state.replica.marker)
  }
  for (const { at, hasId, transaction, isCommitSent, isForeign, left } of state.writers)
    text.add(
      at,
      transaction,
      Number(isCommitSent) + 2 * Number(hasId) + 4 * Number(isForeign),
      left,
    )
  for (const reader of readers) text.addReader(reader)
  for (const { isGateOpen, sawNoIntent, hasReadMarker, hasNoted, marker, awaited } of processes)
    text.add(
      Number(isGateOpen) +
        2 * Number(sawNoIntent) +
        4 * Number(hasNoted) +
        8 * Number(hasReadMarker),
      marker,
      awaited,
    )
  return text.end()
}

function troublesOf(troubles: Troubles): readonly number[] {
  const { evictions, holdEvictions, clockSteps, outages, refusals, promotions } = troubles
  return [evictions, holdEvictions, clockSteps, outages, refusals, promotions]
}

class Text {
  readonly #numbers: number[] = []
  readonly #nonces: number[] = [0]

  add(...numbers: readonly number[]): void {
    for (const number of numbers) this.#numbers.push(number)
  }

  addKey(key: Entry | Tag | undefined): void {
    if (key === undefined) this.add(9)
    else if ('run' in key)
      this.add(key.kind, key.mask, key.run, this.#named(key.nonce), this.#named(key.tag))
    else this.add(key.kind, key.mask, this.#named(key.nonce))
  }

  addReader({
    at,
    readsLeft,
    required,
    look,
    seen,
    keeps,
    run,
    nonce,
    tag,
    loaded: mask,
    accepted,
    leader,
  }: Reader): void {
    this.add(at, readsLeft)
    if (at === resting) return
    this.addKey(look)
    this.add(
      required,
      this.#named(seen),
      Number(keeps) + 2 * Number(accepted),
      run,
      this.#named(nonce),
      this.#named(tag),
      mask,
      leader + 1,
    )
  }

  end(): string {
    return String.fromCharCode.apply(undefined, this.#numbers)
  }

  #named(nonce: number): number {
    const known = this.#nonces.indexOf(nonce)
    return known === -1 ? this.#nonces.push(nonce) - 1 : known
  }
}
