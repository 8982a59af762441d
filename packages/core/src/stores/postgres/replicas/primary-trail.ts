import { isSameHistory, type Position } from './position.ts'

/** A position of the primary, and when it was asked for. */
interface Footprint {
  readonly position: Position
  readonly askedMs: number
}

const maxFootprints = 600

/**
 * Where the primary was, and when. It tells how old a replica's answer is with the clock of this
 * process alone: a replica that has replayed a position has all that was committed before the
 * position was asked for.
 */
export class PrimaryTrail {
  #footprints: Footprint[] = []

  /** Its last known position. */
  get latest(): Position | undefined {
    return this.#footprints.at(-1)?.position
  }

  /** Adds a position, which was asked for at `askedMs`; those of another history are forgotten. */
  add(position: Position, askedMs: number): void {
    const { latest } = this
    if (latest !== undefined && !isSameHistory(latest, position)) this.#footprints = []
    this.#footprints.push({ position, askedMs })
    if (this.#footprints.length > maxFootprints) this.#footprints.shift()
  }

  /** The first known place of the time since `sinceMs`; `undefined` when none is known. */
  firstSince(sinceMs: number): bigint | undefined {
    return this.#footprints.find(({ askedMs }) => askedMs >= sinceMs)?.position.lsn
  }
}
