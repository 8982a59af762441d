import type { FaultWindow, StaleRead, Verdict } from './judge.ts'
import { type Note, type Notes, unpack } from './ledger.ts'

const beforeNs = 1.5e9
const shownReads = 3

/** The events that led to the first stale reads: writes and reads of the key, and the faults. */
export function reportOf(
  { stale }: Verdict,
  notes: readonly Notes[],
  faults: readonly FaultWindow[],
): string {
  return stale
    .slice(0, shownReads)
    .map((read) => storyOf(read, notes, faults))
    .join('\n')
}

function storyOf(read: StaleRead, notes: readonly Notes[], faults: readonly FaultWindow[]): string {
  const since = read.beganAt - beforeNs
  const events = [
    ...notes.flatMap((ledger) => [...notesOf(read, ledger, since)]),
    ...faults
      .filter(({ from, to }) => to > since && from < read.endedAt)
      .flatMap(({ fault, from, to }) => [
        { at: from, text: `>>> ${fault}` },
        { at: to, text: `<<< ${fault}` },
      ]),
  ].sort((one, other) => one.at - other.at)
  const lines = events.map(
    ({ at, text }) => `  ${((at - read.beganAt) / 1e6).toFixed(3).padStart(10)} ms  ${text}`,
  )
  const age = `${read.ageMs.toFixed(1)} ms old${read.isPhantom ? ', never committed' : ''}`
  const versions = `got ${read.got}, expected ${read.expected}`
  const head = `STALE: ${read.process} read key ${read.key}: ${versions}, ${age}`
  return [head, ...lines].join('\n')
}

/** Notes of the key, without reads that returned the same version as the read before. */
function* notesOf(
  { key, endedAt }: StaleRead,
  ledger: Notes,
  since: number,
): Generator<{ at: number; text: string }> {
  let last: Note | undefined
  for (const note of unpack(ledger)) {
    if (note.key !== key || note.endedAt < since || note.beganAt > endedAt) continue
    const isRepeated =
      note.kind === 'read' && last?.kind === 'read' && last.version === note.version
    last = { ...note }
    if (!isRepeated)
      yield {
        at: note.endedAt,
        text: `${ledger.process} ${note.kind} ${note.version} (took ${msBetween(note)} ms)`,
      }
  }
}

function msBetween({ beganAt, endedAt }: Note): string {
  return ((endedAt - beganAt) / 1e6).toFixed(3)
}
