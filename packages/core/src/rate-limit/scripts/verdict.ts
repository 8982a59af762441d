import type { Verdict } from '../gcra.ts'

/** The verdict that begins at one position of a script's reply. */
export function verdictAt(reply: unknown, at: number): Omit<Verdict, 'arrivalUs'> {
  const values = reply as readonly unknown[]
  return {
    isAllowed: values[at] === 1,
    remaining: Number(values[at + 1]),
    resetUs: Number(values[at + 2]),
    retryAfterUs: Number(values[at + 3]),
  }
}
