import type { Verdict } from '../slo/slo.ts'

/** A rate that was tried, in requests a second. */
export interface Tried {
  readonly rate: number
  readonly slo: Verdict
}

/** The highest rate at which the goals were kept, and all that were tried, in their order. */
export interface Knee<Step extends Tried> {
  /** `null` when no rate held. */
  readonly rate: number | null
  readonly steps: readonly Step[]
}

/** How the knee is looked for. */
export interface KneeOptions<Step extends Tried> {
  /** The rate that is tried first. */
  readonly from: number
  /** Puts a rate on the application for a while. */
  readonly tryAt: (rate: number) => Promise<Step>
  /**
   * The rate that held and the one that did not are at most so far apart when the search ends.
   *
   * @defaultValue `0.1`: a tenth
   */
  readonly tolerance?: number
  /**
   * The highest rate that is tried.
   *
   * @defaultValue `20_000`
   */
  readonly most?: number
}

/**
 * Looks for the knee: doubles the rate until it does not hold, or halves it until it does, and then
 * tries the geometric mean of both sides. A rate that the generator could not keep does not hold.
 */
export async function findKnee<Step extends Tried>({
  from,
  tryAt,
  tolerance = 0.1,
  most = 20_000,
}: KneeOptions<Step>): Promise<Knee<Step>> {
  const steps: Step[] = []
  let [held, broke] = [0, Infinity]
  for (let rate = from; rate >= 1 && rate <= most;) {
    const step = await tryAt(rate)
    steps.push(step)
    if (step.slo === 'met') held = rate
    else broke = rate
    const next = nextRate(held, broke)
    if (next <= held || next >= broke || broke <= held * (1 + tolerance)) break
    rate = next
  }
  return { rate: held === 0 ? null : held, steps }
}

function nextRate(held: number, broke: number): number {
  if (broke === Infinity) return held * 2
  return Math.round(held === 0 ? broke / 2 : Math.sqrt(held * broke))
}
