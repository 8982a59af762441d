// Checks that every committed event takes effect once and in order, and that every final state is
// right, while relays, sinks and PostgreSQL fail, clocks step and a new release is deployed; and
// that the same rig catches hand-written readers losing and reordering events.
import { say } from '../run/say.ts'
import { countsLine, failuresOf, soak, type Soak } from '../run/soak.ts'
import { type ControlResult, runControl } from './control-run.ts'
import { runSoak, type SoakResult } from './soak-run.ts'

const leastEventsPerSecond = 5

type Controls = Readonly<Record<'idCursor' | 'xminGuard', ControlResult>>

await soak(
  async (options) => {
    say(`ours: ${options.seconds} s`)
    const ours = await runSoak(options)
    report(ours)
    const idCursor = await control('idCursor', options)
    const xminGuard = await control('xminGuard', options)
    return {
      summary: {
        soak: 'outbox',
        events: ours.events,
        kills: ours.kills,
        restarts: ours.restarts,
        falseOks: ours.falseOks.length,
        innocentDeadLetters: ours.innocent.length,
        lost: ours.lost.length,
        outOfOrder: ours.outOfOrder.length,
        duplicateEffects: ours.duplicateEffects.length,
        wrongFinalState: ours.wrongFinalState.length,
        controls: {
          idCursor: { lost: idCursor.lost },
          xminGuard: { outOfOrder: xminGuard.outOfOrder },
        },
      },
      failures: failures(ours, { idCursor, xminGuard }, options.seconds),
    }
  },
  { seconds: 120 },
)

function failures(ours: SoakResult, controls: Controls, seconds: number): string[] {
  const { falseOks, innocent, lost, outOfOrder, duplicateEffects, wrongFinalState } = ours
  const { falls, kills, restarts, events, missingFaults } = ours
  const some = (names: readonly string[], what: string) =>
    [names.length > 0, `${names.length} ${what}: ${firstOf(names)}`] as const
  return failuresOf([
    some(falseOks, 'changes were said to be committed, and are not'),
    // Three ends of the process while it handles an event are evidence against the event.
    some(innocent.length * 3 > kills ? innocent : [], 'events were given up without poison'),
    some(lost, 'events were lost'),
    some(outOfOrder, 'effects were out of order'),
    some(duplicateEffects, 'effects were duplicates'),
    some(wrongFinalState, 'final states were wrong'),
    ...ours.delays.map((step) => [true, `a step did not finish in time: ${step}`] as const),
    [falls > 0, `${falls} relay processes exited without a kill`],
    [
      seconds >= 10 && (kills === 0 || restarts === 0),
      'no relay was killed, or PostgreSQL was never restarted',
    ],
    [!ours.isRolledOut, 'the new release was not deployed'],
    [events < seconds * leastEventsPerSecond, `only ${events} events were committed`],
    [
      seconds >= 60 && missingFaults.length > 0,
      `faults were never played: ${firstOf(missingFaults)}`,
    ],
    [controls.idCursor.lost === 0, 'the rig caught no loss of a reader by position'],
    [controls.xminGuard.outOfOrder === 0, 'the rig caught no reordering of a reader by xmin'],
  ])
}

async function control(
  name: 'idCursor' | 'xminGuard',
  { seconds, postgres, redis }: Soak,
): Promise<ControlResult> {
  const controlSeconds = Math.min(10, Math.max(4, seconds / 10))
  say(`${name}: ${controlSeconds} s`)
  const result = await runControl(name, { seconds: controlSeconds, postgres, redis })
  say(`  ${result.events} events, ${result.lost} lost, ${result.outOfOrder} out of order`)
  return result
}

function report(result: SoakResult): void {
  const { events, kills, restarts, writers, destination, deadLetters, unpurged } = result
  const letters = deadLetters.map(({ sink, count, message }) => `${count} of ${sink} (${message})`)
  const steps = Object.entries(result.tookMs).map(
    ([step, ms]) => `${step} after ${Math.round(ms)} ms`,
  )
  say(`  ${events} events (${unpurged} not purged), ${kills} kills, ${restarts} restarts`)
  say(
    `  transactions: ${writers.committed} committed, ${writers.rolledBack} rolled back, ` +
      `${writers.failed} failed`,
  )
  say(
    `  redelivered after their effect: ${destination.again}; older states refused: ` +
      `${destination.older}; states fenced off: ${destination.fencedOff}`,
  )
  say(`  dead letters: ${letters.join(', ')}`)
  say(`  ${steps.join(', ')}`)
  say(countsLine(Object.entries(result.faults)))
}

function firstOf(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '')
}
