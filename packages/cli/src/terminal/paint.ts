import { styleText } from 'node:util'
import type { Terminal } from './terminal.ts'

/** How something is shown. */
export type Tone = 'good' | 'bad' | 'doubtful' | 'quiet' | 'strong'

/** Colours a text, or returns it as it is where colours are not wanted. */
export type Paint = (tone: Tone, text: string) => string

const formats = {
  good: 'green',
  bad: 'red',
  doubtful: 'yellow',
  quiet: 'dim',
  strong: 'bold',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>

/**
 * Paints for a stream: in colours on a terminal, unless `NO_COLOR` is set or it is a dumb one.
 * `FORCE_COLOR` colours pipes as well.
 */
export function paintFor({ env }: Pick<Terminal, 'env'>, isTty: boolean): Paint {
  const isPlain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  const isForced = (env['FORCE_COLOR'] ?? '0') !== '0'
  return !isPlain && (isTty || isForced)
    ? (tone, text) => styleText(formats[tone], text, { validateStream: false })
    : (_tone, text) => text
}
