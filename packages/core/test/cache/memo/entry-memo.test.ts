import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeEntry } from '../../../src/cache/entry.ts'
import { EntryMemo } from '../../../src/cache/memo/entry-memo.ts'

const json = fc.jsonValue({ maxDepth: 4 })

const memoOf = (maxLength: number) => new EntryMemo(maxLength, (value) => value)

describe('the memo of parsed entries', () => {
  it('The memo returns what JSON.parse returns, whatever readers did to their values before', () => {
    const reads = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.integer({ min: 0, max: 2 }) }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(
        fc.tuple(json, json, json),
        fc.constantFrom(0, 300, 10_000),
        reads,
        (values, maxLength, steps) => {
          const memo = memoOf(maxLength)
          for (const { key, value } of steps) {
            const text = JSON.stringify(values[value])
            const read = memo.read(key, entryOf(text))
            expect(read).toStrictEqual(JSON.parse(text))
            spoil(read)
          }
        },
      ),
      {
        examples: [
          [
            [JSON.parse('{"__proto__":{"a":[{}]}}'), [[{ a: 1 }]], { a: { b: [1, { c: 2 }] } }],
            10_000,
            'abcabcabcabc'.split('').map((key, index) => ({ key, value: index % 3 })),
          ],
        ],
      },
    )
  })

  it('The memo parses a kept text only once', () => {
    const memo = memoOf(10_000)
    const raw = entryOf(JSON.stringify({ title: 'Algebra' }))
    const parses = countingParses(() => {
      for (let turn = 0; turn < 10; turn += 1)
        expect(memo.read('k', raw)).toEqual({ title: 'Algebra' })
    })
    expect(parses).toBe(2)
  })

  it.each([
    ['dates', (at: Date) => ({ at, all: [at] })],
    ['what is no plain object', (at: Date) => new Map([['at', at]])],
    ['a date as a whole', (at: Date) => at],
    ['an object that a reader cannot tell from its fields', (at: Date) => new Course(at)],
  ])('The memo gives every reader a decoded value of its own, with %s', (_, valueOf) => {
    let decoded = 0
    const memo = new EntryMemo(10_000, (iso) => {
      decoded += 1
      return valueOf(new Date(iso as string))
    })
    const raw = entryOf('"2026-11-28T00:00:00.000Z"')
    const values = [1, 2, 3, 4].map(() => memo.read('k', raw))
    for (const value of values) expect(value).toStrictEqual(valueOf(new Date('2026-11-28')))
    expect(new Set(values.map((value) => datesIn(value))).size).toBe(4)
    expect(decoded).toBe(valueOf(new Date()).constructor === Object ? 2 : 5)
  })

  it('The memo keeps texts that recur while others are read once', () => {
    const memo = memoOf(10_000)
    const hot = entryOf(JSON.stringify({ title: 'hot' }))
    memo.read('hot', hot)
    memo.read('hot', hot)
    const parses = countingParses(() => {
      for (let turn = 0; turn < 1_000; turn += 1) {
        memo.read(`once-${turn}`, entryOf(JSON.stringify('x'.repeat(200))))
        memo.read('hot', hot)
      }
    })
    expect(parses).toBe(1_000)
  })

  it('The memo keeps no more than its length', () => {
    const memo = memoOf(4_000)
    const texts = Array.from({ length: 100 }, (_, id) => entryOf(JSON.stringify({ id })))
    const readAll = (): void => texts.forEach((raw, id) => memo.read(`k${id}`, raw))
    readAll()
    readAll()
    const last = texts.slice(-10).map((raw, index) => ({ raw, key: `k${index + 90}` }))
    expect(countingParses(() => last.forEach(({ key, raw }) => memo.read(key, raw)))).toBe(0)
    expect(countingParses(readAll)).toBeGreaterThanOrEqual(
      texts.length - 4_000 / entryOf('{"id":1}').length,
    )
  })

  it('Two generations of entries that fill them exactly are kept, and the next drops the older', () => {
    const text = (key: string): Text => [key, entryOf('"12"')]
    const memo = memoOf(4 * entryOf('"12"').length)
    for (const key of ['a', 'b', 'c', 'd']) readTwice(memo, ...text(key))
    expect(parsesOf(memo, [text('c'), text('d'), text('a')])).toBe(0)
    // Of the older generation, a is young again, and b has gone with the rest.
    expect(parsesOf(memo, [text('b')])).toBe(1)
  })

  it('An entry as long as a generation is kept, and a longer one is not', () => {
    const raw = entryOf('"12"')
    for (const [length, parses] of [
      [2 * raw.length, 0],
      [2 * raw.length - 1, 1],
    ] as const) {
      const memo = memoOf(length)
      readTwice(memo, 'a', raw)
      expect(parsesOf(memo, [['a', raw]])).toBe(parses)
    }
  })

  it('The memo forgets which keys it saw once when they are ten thousand', () => {
    for (const [others, parses] of [
      [9_999, 0],
      [10_000, 1],
    ] as const) {
      const memo = memoOf(100_000)
      const raw = entryOf('1')
      memo.read('a', raw)
      for (let other = 1; other <= others; other += 1) memo.read(`once-${other}`, raw)
      memo.read('a', raw)
      expect(parsesOf(memo, [['a', raw]])).toBe(parses)
    }
  })

  it('The memo keeps a value of 32 levels, and reads one of 33 every time', () => {
    for (const [levels, parses] of [
      [32, 0],
      // Once to read it, and once to see that it is too deep.
      [33, 2],
    ] as const) {
      const memo = memoOf(10_000)
      const raw = entryOf(`${'['.repeat(levels)}${']'.repeat(levels)}`)
      readTwice(memo, 'a', raw)
      expect(parsesOf(memo, [['a', raw]])).toBe(parses)
    }
  })

  it('The memo reads a value of a hundred thousand levels every time', () => {
    const memo = memoOf(10_000_000)
    const raw = entryOf(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    for (let turn = 0; turn < 3; turn += 1) expect(Array.isArray(memo.read('deep', raw))).toBe(true)
  })
})

type Text = readonly [key: string, raw: string]

/** A second read makes the memo keep an entry. */
function readTwice(memo: EntryMemo, key: string, raw: string): void {
  memo.read(key, raw)
  memo.read(key, raw)
}

function parsesOf(memo: EntryMemo, texts: readonly Text[]): number {
  return countingParses(() => {
    for (const [key, raw] of texts) memo.read(key, raw)
  })
}

function entryOf(payload: string): string {
  return writeEntry({
    nonce: '0123456789abcdef',
    cacheId: 'a'.repeat(40),
    softExpiryMs: 1,
    expiresMs: 2,
    tagNonces: [],
    payload,
  })
}

/** Changes every part of a value that can be changed. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const fields = value as Record<string, unknown>
  for (const name of Object.keys(fields)) {
    spoil(fields[name])
    fields[name] = 'spoilt'
  }
}

/** How often `JSON.parse` is called meanwhile. */
function countingParses(work: () => void): number {
  const { parse } = JSON
  let count = 0
  JSON.parse = (...args) => {
    count += 1
    return parse(...args) as unknown
  }
  try {
    work()
  } finally {
    JSON.parse = parse
  }
  return count
}

class Course {
  readonly at: Date

  constructor(at: Date) {
    this.at = at
  }
}

/** The first date within a value. */
function datesIn(value: unknown): unknown {
  if (value instanceof Date) return value
  return value instanceof Map ? value.get('at') : (value as Course).at
}
