import { describe, expect, test } from 'vitest'
import { jsonProblem } from '../src/activity/safe-json.ts'

const nested = (depth: number): unknown => (depth === 0 ? 1 : { inner: nested(depth - 1) })

describe('jsonProblem', () => {
  test('lets JSON pass', () => {
    expect(jsonProblem({ courseId: 5, tags: ['a', 'é', '😀'], deep: { list: [null, true, 1.5] } })).toBeUndefined()
  })

  test.each<[string, unknown, string]>([
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
  ])('refuses %s and says where', (_what, value, path) => {
    expect(jsonProblem(value)?.path.join('.')).toBe(path)
  })

  test('ends on a value that holds itself', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect(jsonProblem(loop)).toBeDefined()
  })
})
