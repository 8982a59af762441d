import {
  type Entry,
  type Hash,
  type Member,
  type Read,
  resting,
  type Server,
  type State,
  type Writer,
} from './state.ts'

/**
 * A short text that is the same for equal states and differs for different ones: one character for
 * each number, histories and births by their first appearance.
 */
export function identify(state: State): string {
  const text = new Text()
  text.add(state.database, state.lostHolds, state.active, state.epochs)
  const { cuts, hashEvictions, evictions, flushes, restarts, promotions, clockSteps } =
    state.troubles
  text.add(cuts, hashEvictions, evictions, flushes, restarts, promotions, clockSteps)
  for (const server of state.servers) text.addServer(server)
  for (const member of state.members) text.addMember(member)
  for (const writer of state.writers) text.addWriter(writer)
  return text.end()
}

class Text {
  readonly #numbers: number[] = []
  readonly #histories: number[] = [0]
  readonly #births: number[] = [0]

  add(...numbers: readonly number[]): void {
    for (const number of numbers) this.#numbers.push(number)
  }

  addServer({ history, entry, tag, hash }: Server): void {
    this.add(this.#history(history), tag.owners, tag.version)
    this.#addEntry(entry)
    this.#addHash(hash)
  }

  addMember(member: Member): void {
    const { isMember, isSubscribed, isCutOff, confirms, isConfirmed, toDrop, inbox } = member
    this.add(
      bits(isMember, isSubscribed, isCutOff, confirms, isConfirmed, toDrop),
      member.epoch,
      member.server,
      this.#history(member.history),
      member.gate,
      member.awaited,
      member.right,
      member.pending + 1,
      member.near + 1,
      inbox.length,
      ...inbox,
    )
    this.#addRead(member.read)
  }

  addWriter({
    at,
    birth,
    listed,
    acked,
    unrenewed,
    wait,
    round,
    holdLeft,
    deadline,
  }: Writer): void {
    this.add(at, this.#birth(birth), listed, acked, unrenewed, wait, round, holdLeft, deadline)
  }

  end(): string {
    return String.fromCharCode.apply(undefined, this.#numbers)
  }

  #addEntry({ kind, mask, history, version }: Entry): void {
    this.add(kind, mask, this.#history(history), version)
  }

  #addHash(hash: Hash | undefined): void {
    if (hash === undefined) this.add(99)
    else {
      const { history, birth, isSettled, epochs } = hash
      this.add(this.#history(history), this.#birth(birth), Number(isSettled), epochs)
    }
  }

  #addRead({ at, epoch, isBroken, mask, version, history }: Read): void {
    this.add(at)
    if (at === resting) return
    this.add(epoch, Number(isBroken), mask, version, this.#history(history))
  }

  #history(history: number): number {
    return named(this.#histories, history)
  }

  #birth(birth: number): number {
    return named(this.#births, birth)
  }
}

function named(known: number[], number: number): number {
  const index = known.indexOf(number)
  return index === -1 ? known.push(number) - 1 : index
}

function bits(...flags: readonly boolean[]): number {
  return flags.reduce((sum, flag, index) => sum + (flag ? 1 << index : 0), 0)
}
