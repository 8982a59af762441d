import { parseArgs } from 'node:util'
import { loadDefaults } from './load-options.ts'

/** What the command line asks for. */
export interface CommandLine {
  readonly seconds: number
  readonly rate: number
  readonly warmUpSeconds: number
  readonly seed: number
  readonly maxInFlight: number
  readonly maxLagMs: number
  /** `none`, `default` or a file. */
  readonly faults: string
  readonly sloFile: string | undefined
  readonly isKnee: boolean
  /** The length of a step of the search for the knee. */
  readonly stepSeconds: number
  readonly isJson: boolean
  readonly reportFile: string | undefined
}

const defaults = loadDefaults

/**
 * Reads the arguments of the command.
 *
 * @throws RangeError or TypeError naming the option that is wrong.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: String(defaults.seconds / 60) },
      rate: { type: 'string', default: String(defaults.rate) },
      'warm-up': { type: 'string', default: String(defaults.warmUpSeconds) },
      seed: { type: 'string', default: String(defaults.seed) },
      'max-in-flight': { type: 'string', default: String(defaults.maxInFlight) },
      'max-lag': { type: 'string', default: String(defaults.maxLagMs) },
      faults: { type: 'string', default: 'default' },
      slo: { type: 'string' },
      knee: { type: 'boolean', default: false },
      'step-seconds': { type: 'string', default: '15' },
      json: { type: 'boolean', default: false },
      report: { type: 'string' },
    },
  })
  const atLeast = (least: number, name: keyof typeof values): number => {
    const number = Number(values[name])
    if (number >= least && number < Infinity) return number
    throw new RangeError(`--${name} must be a number from ${least} on: got ${String(values[name])}`)
  }
  return {
    seconds: Math.round(atLeast(0.05, 'minutes') * 60),
    rate: atLeast(1, 'rate'),
    warmUpSeconds: atLeast(0, 'warm-up'),
    seed: atLeast(0, 'seed'),
    maxInFlight: atLeast(1, 'max-in-flight'),
    maxLagMs: atLeast(1, 'max-lag'),
    faults: values.faults,
    sloFile: values.slo,
    isKnee: values.knee,
    stepSeconds: atLeast(3, 'step-seconds'),
    isJson: values.json,
    reportFile: values.report,
  }
}
