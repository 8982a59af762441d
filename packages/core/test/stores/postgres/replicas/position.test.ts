import { expect, test } from 'vitest'
import { checkFreshness } from '../../../../src/stores/postgres/replicas/freshness.ts'
import {
  lsnOf,
  lsnText,
  parsePosition,
  positionText,
} from '../../../../src/stores/postgres/replicas/position.ts'
import { PrimaryTrail } from '../../../../src/stores/postgres/replicas/primary-trail.ts'

const position = { system: '7523423423423423423', timeline: 0x1f, lsn: lsnOf('16/B374D848') }

test('A position survives being a text, which needs no escaping anywhere', () => {
  const text = positionText(position)
  expect(text).toBe('1.7523423423423423423.1f.16b374d848')
  expect(encodeURIComponent(text)).toBe(text)
  expect(parsePosition(text, 'after')._unsafeUnwrap()).toEqual(position)
})

test('A place in the log reads as PostgreSQL writes it, and is compared as a number', () => {
  expect(lsnText(lsnOf('16/B374D848'))).toBe('16/b374d848')
  expect(lsnOf('1/0') > lsnOf('0/FFFFFFFF')).toBe(true)
  expect(lsnText(lsnOf('FFFFFFFF/FFFFFFFF'))).toBe('ffffffff/ffffffff')
})

const bad: [string, unknown, string][] = [
  ['a number', 5, 'freshness'],
  ['nothing', undefined, 'freshness'],
  ['an unknown name', { afer: '1.1.1.1' }, 'freshness.afer'],
  ['a position of another kind', { after: '0/16B3748' }, 'freshness.after'],
  ['a position with more behind it', { after: '1.1.1.1; DROP' }, 'freshness.after'],
  ['a position beyond 64 bits', { after: `1.1.1.1${'0'.repeat(16)}` }, 'freshness.after'],
  ['a position that is no text', { after: ['1.1.1.1'] }, 'freshness.after'],
  ['a negative lag', { maxLagMs: -1 }, 'freshness.maxLagMs'],
  ['a lag of NaN', { maxLagMs: Number.NaN }, 'freshness.maxLagMs'],
  ['a lag that is a text', { maxLagMs: '5' }, 'freshness.maxLagMs'],
]

test.each(bad)('Given %s, a freshness is refused by its field', (_, freshness, field) => {
  expect(checkFreshness(freshness)._unsafeUnwrapErr()).toMatchObject({
    type: 'invalid-input',
    field,
  })
})

test('The trail of the primary knows the first place since a moment, and none before it was asked', () => {
  const trail = new PrimaryTrail()
  for (const second of [1, 2, 3]) trail.add({ ...position, lsn: BigInt(second) }, second * 1_000)
  expect(trail.firstSince(1_500)).toBe(2n)
  expect(trail.firstSince(2_000)).toBe(2n)
  expect(trail.firstSince(0)).toBe(1n)
  expect(trail.firstSince(3_001)).toBeUndefined()
  expect(trail.latest?.lsn).toBe(3n)
})

test('The trail of another history begins anew', () => {
  const trail = new PrimaryTrail()
  trail.add(position, 1_000)
  trail.add({ ...position, timeline: 0x20, lsn: 5n }, 2_000)
  expect(trail.firstSince(0)).toBe(5n)
})
