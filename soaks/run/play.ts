import { setTimeout } from 'node:timers/promises'
import type { FaultProxy } from '@headwater/testing'
import { between } from './chance.ts'

/** A fault, which is over when it resolves. */
export interface Play {
  readonly fault: string
  readonly run: () => Promise<void>
}

/** A time between two bounds, in milliseconds. */
export interface Span {
  readonly leastMs: number
  readonly mostMs: number
}

/** Waits for a time within the span, but no longer than until `endMs`. */
export async function rest({ leastMs, mostMs }: Span, endMs = Infinity): Promise<void> {
  await setTimeout(Math.min(between(leastMs, mostMs), Math.max(0, endMs - performance.now())))
}

/** Cuts connections or hangs them for a time within the span. */
export async function disturb(
  proxies: readonly FaultProxy[],
  verb: 'cut' | 'hang',
  span: Span,
): Promise<void> {
  for (const proxy of proxies) proxy[verb]()
  await rest(span)
  for (const proxy of proxies) proxy.restore()
}
