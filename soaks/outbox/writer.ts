import { accountCount } from './accounts.ts'

/** The outcomes of transactions, as far as their writers know them. */
export interface WriterCounts {
  readonly committed: number
  readonly rolledBack: number
  readonly failed: number
}

export const rollbackShare = 0.1
const longestPauseMs = 16

/** Draws accounts, in the order in which every writer locks them. */
export function drawAccounts(): number[] {
  const count = Math.random() < 0.3 ? 3 : 1
  const drawn = new Set(Array.from({ length: count }, drawAccount))
  return [...drawn].sort((one, other) => one - other)
}

/** Draws one account. */
export function drawAccount(): number {
  return 1 + Math.floor(Math.random() * accountCount)
}

/** Draws a pause between two transactions, in milliseconds. */
export function drawPauseMs(): number {
  return Math.random() * longestPauseMs
}
