import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonCopier, jsonProblem } from '../../src/activity/safe-json.ts'

const nested = (depth: number): unknown => (depth === 0 ? 1 : { inner: nested(depth - 1) })

const broken: readonly (readonly [what: string, value: unknown, path: string])[] = [
  ['a $-key', { filter: { $where: 'x' } }, 'filter.$where'],
  ['a dotted key', { 'a.b': 1 }, 'a.b'],
  ['an empty key', { '': 1 }, ''],
  ['__proto__', JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}'), 'a.__proto__'],
  ['constructor', { constructor: 1 }, 'constructor'],
  ['prototype', { prototype: 1 }, 'prototype'],
  ['NUL in a text', { a: ['x\0'] }, 'a.0'],
  ['NUL in a key', { 'x\0': 1 }, 'x\0'],
  ['a lone surrogate', { a: '\ud800' }, 'a'],
  ['NaN', { a: NaN }, 'a'],
  ['infinity', { a: Infinity }, 'a'],
  ['undefined', { a: undefined }, 'a'],
  ['a bigint', { a: 1n }, 'a'],
  ['a date', { a: new Date(0) }, 'a'],
  ['a map', { a: new Map() }, 'a'],
  ['a function', { a: () => 1 }, 'a'],
  ['too much depth', nested(40), Array(17).fill('inner').join('.')],
  ['a megabyte', { a: 'x'.repeat(1_000_000) }, ''],
  ['a million small values', { a: Array(1_000_000).fill(1) }, ''],
]

const limits: readonly (readonly [what: string, make: (size: number) => object, most: number])[] = [
  ['depth', (size) => ({ inner: nested(size) }), 15],
  ['the length of a text', (size) => ({ a: 'x'.repeat(size) }), 65_533],
  ['the length of keys', (size) => ({ ['k'.repeat(size)]: null }), 65_534],
  ['the number of members', (size) => ({ a: Array(size).fill(1) }), 65_533],
]

describe('jsonProblem', () => {
  test('JSON has no problem', () => {
    expect(
      jsonProblem({ courseId: 5, tags: ['a', 'é', '😀'], deep: { list: [null, true, 1.5] } }),
    ).toBeUndefined()
  })

  test.each(broken)('The problem of data with %s names its path', (_what, value, path) => {
    expect(jsonProblem(value)?.path.join('.')).toBe(path)
  })

  test('jsonProblem ends on a value that contains itself', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect(jsonProblem(loop)).toBeDefined()
  })
})

describe('JsonCopier', () => {
  const strange = fc.constantFrom<unknown>(
    undefined,
    NaN,
    -Infinity,
    1n,
    'a\0',
    '\udc00',
    new Date(0),
    new Map(),
    () => 1,
    Symbol('s'),
    Object.create({}) as object,
  )
  const key = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'ünï', 'x'.repeat(70)) },
    { weight: 1, arbitrary: fc.constantFrom('', '$a', 'a.b', '__proto__', 'constructor', '\0') },
  )
  const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      {
        weight: 10,
        arbitrary: fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
      },
      { weight: 1, arbitrary: strange },
      { weight: 5, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
      {
        weight: 5,
        arbitrary: fc
          .array(fc.tuple(key, tie('value')), { maxLength: 4 })
          .map((entries) => Object.fromEntries(entries) as unknown),
      },
    ),
  }))

  test('JsonCopier copies exactly the objects in which jsonProblem finds no problem', () => {
    const copier = new JsonCopier()
    fc.assert(
      fc.property(fc.dictionary(key, anyJson, { maxKeys: 4 }), (value) => {
        const copy = copier.copyOf(value)
        expect(copy !== undefined).toBe(jsonProblem(value) === undefined)
        if (copy !== undefined) expect(copy).toEqual(value)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each(limits)(
    'JsonCopier and jsonProblem have the same limit for %s',
    (_what, make, most) => {
      for (const size of [most, most + 1])
        expect(new JsonCopier().copyOf(make(size)) !== undefined).toBe(
          jsonProblem(make(size)) === undefined,
        )
      expect(new JsonCopier().copyOf(make(most))).toEqual(make(most))
      expect(new JsonCopier().copyOf(make(most + 1))).toBeUndefined()
    },
  )

  test('JsonCopier ends on a value that contains itself', () => {
    const loop: Record<string, unknown> = { list: [] }
    loop.self = [loop, loop, loop]
    expect(new JsonCopier().copyOf(loop)).toBeUndefined()
  })
})
