import type { Notes } from './work.ts'

/** An event found in MongoDB. */
export interface Arrival {
  readonly kind: 'recorded' | 'committed'
  readonly by: string
  readonly n: number
}

/** The fate of all events. */
export interface Verdict {
  /** Events that were recorded, or committed and acknowledged. */
  readonly events: number
  /** Acknowledged commits that never arrived. */
  readonly lostDurable: number
  /** Recorded events that never arrived, though their process survived or later ones arrived. */
  readonly lostBuffered: number
  /** The last recorded events of killed processes, lost with the memory of the process. */
  readonly lostInKills: number
  /** Events that arrived more than once. */
  readonly duplicates: number
  /** Recorded events that arrived before an earlier one of their process. */
  readonly outOfOrder: number
}

/** Compares the notes with the arrivals, which are in the order of arrival. */
export function judge(notes: readonly Notes[], arrivals: readonly Arrival[]): Verdict {
  const arrived = { recorded: new Map<string, number[]>(), committed: new Map<string, number[]>() }
  for (const { kind, by, n } of arrivals) {
    const soFar = arrived[kind].get(by)
    if (soFar === undefined) arrived[kind].set(by, [n])
    else soFar.push(n)
  }
  const verdicts = notes.map((note) =>
    judgeOne(note, arrived.recorded.get(note.name) ?? [], arrived.committed.get(note.name) ?? []),
  )
  const total = (count: keyof Verdict) => verdicts.reduce((sum, verdict) => sum + verdict[count], 0)
  return {
    events: total('events'),
    lostDurable: total('lostDurable'),
    lostBuffered: total('lostBuffered'),
    lostInKills: total('lostInKills'),
    duplicates: total('duplicates'),
    outOfOrder: total('outOfOrder'),
  }
}

function judgeOne(
  { recorded, durable, hasClosed }: Notes,
  arrivals: readonly number[],
  commits: readonly number[],
): Verdict {
  const [arrivedOnce, committedOnce] = [new Set(arrivals), new Set(commits)]
  const last = arrivals.reduce((highest, n) => Math.max(highest, n), -1)
  const missing = Array.from({ length: recorded }, (_, n) => n).filter((n) => !arrivedOnce.has(n))
  const missingBeforeLast = missing.filter((n) => hasClosed || n < last).length
  return {
    events: recorded + durable.length,
    lostDurable: durable.filter((n) => !committedOnce.has(n)).length,
    lostBuffered: missingBeforeLast,
    lostInKills: missing.length - missingBeforeLast,
    duplicates: arrivals.length - arrivedOnce.size + commits.length - committedOnce.size,
    outOfOrder: arrivals.filter((n, index) => index > 0 && n < (arrivals[index - 1] ?? 0)).length,
  }
}
