// Checks that every committed event takes effect once and in order, and that every state ends
// right, while relays, sinks and PostgreSQL fail. Also checks that the same harness sees
// hand-written readers lose and invert events.
import { parseArgs } from 'node:util'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { runControl } from './control-run.ts'
import { runSoak, type SoakResult } from './soak-run.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
if (!(seconds >= 1))
  throw new RangeError(`--seconds is a number of at least 1: got ${values.seconds}`)
const controlSeconds = Math.min(10, Math.max(4, seconds / 10))

const [postgres, redis] = await Promise.all([
  startPostgresServer(),
  startRedisServer({ onProgress: say }),
])
try {
  say(`ours: ${seconds} s`)
  const ours = await runSoak({ seconds, postgres, redis })
  tell(ours)
  const idCursor = await control('idCursor')
  const xminGuard = await control('xminGuard')
  const { events, kills, restarts } = ours
  const [lost, outOfOrder, duplicateEffects, wrongFinalState] = [
    ours.lost.length,
    ours.outOfOrder.length,
    ours.duplicateEffects.length,
    ours.wrongFinalState.length,
  ]
  const summary = {
    soak: 'outbox',
    events,
    kills,
    restarts,
    lost,
    outOfOrder,
    duplicateEffects,
    wrongFinalState,
    controls: {
      idCursor: { lost: idCursor.lost },
      xminGuard: { outOfOrder: xminGuard.outOfOrder },
    },
  }
  const failures = [
    ...(lost === 0 ? [] : [`${lost} events lost: ${some(ours.lost)}`]),
    ...(outOfOrder === 0 ? [] : [`${outOfOrder} effects out of order: ${some(ours.outOfOrder)}`]),
    ...(duplicateEffects === 0
      ? []
      : [`${duplicateEffects} effects too many: ${some(ours.duplicateEffects)}`]),
    ...(wrongFinalState === 0
      ? []
      : [`${wrongFinalState} states wrong in the end: ${some(ours.wrongFinalState)}`]),
    ...ours.delays.map((what) => `did not come to pass in time: ${what}`),
    ...(ours.falls === 0 ? [] : [`${ours.falls} relay processes ended by themselves`]),
    ...(seconds < 10 || (kills > 0 && restarts > 0)
      ? []
      : ['no relay was killed, or PostgreSQL never restarted']),
    ...(idCursor.lost > 0 ? [] : ['the harness saw a reader by position lose nothing']),
    ...(xminGuard.outOfOrder > 0
      ? []
      : ['the harness saw a reader by transaction id invert nothing']),
  ]
  for (const failure of failures) say(`FAILED: ${failure}`)
  console.log(values.json ? JSON.stringify(summary) : summary)
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await Promise.all([postgres.stop(), redis.stop()])
}

async function control(name: 'idCursor' | 'xminGuard') {
  say(`${name}: ${controlSeconds} s`)
  const result = await runControl(name, { seconds: controlSeconds, postgres, redis })
  say(`  ${result.events} events, ${result.lost} lost, ${result.outOfOrder} out of order`)
  return result
}

function tell({
  events,
  kills,
  restarts,
  writers,
  destination,
  deadLetters,
  faults,
  unpurged,
  tookMs,
}: SoakResult): void {
  say(
    `  ${events} events, ${kills} kills, ${restarts} restarts; transactions: ${writers.committed} committed, ${writers.rolledBack} rolled back, ${writers.failed} failed; ${unpurged} events not purged`,
  )
  say(
    `  handed over again after their effect: ${destination.again}; older states refused: ${destination.older}; states fenced off: ${destination.fencedOff}`,
  )
  say(
    `  dead letters: ${deadLetters.map(({ sink, count, message }) => `${count} of ${sink} (${message})`).join(', ')}`,
  )
  say(
    `  ${Object.entries(tookMs)
      .map(([step, ms]) => `${step} after ${Math.round(ms)} ms`)
      .join(', ')}`,
  )
  say(
    `  ${Object.entries(faults)
      .map(([fault, count]) => `${fault} ×${count}`)
      .join(', ')}`,
  )
}

function some(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '')
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
