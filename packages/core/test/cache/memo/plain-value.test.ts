import { expect, test } from 'vitest'
import { isPlain } from '../../../src/cache/memo/plain-value.ts'

class Point {
  x = 1
}

const loop: Record<string, unknown> = {}
loop['self'] = loop

const found = /a/.exec('a')

test.each([
  ['primitives', [1, 'a', true, null, undefined, 5n]],
  ['fields, items and dates', { a: [{ b: new Date() }], c: { d: [] } }],
  ['a field that JSON may have', JSON.parse('{"__proto__":{"a":1}}')],
])('%s are plain', (_, value) => {
  expect(isPlain(value)).toBe(true)
  expect(isPlain({ in: [value] })).toBe(true)
})

test.each([
  ['an instance', new Point()],
  ['a Map', new Map()],
  ['a function', () => 1],
  ['bytes', new Uint8Array(2)],
  ['a date of a class', new (class extends Date {})()],
  ['a date with a field', Object.assign(new Date(), { zone: 'UTC' })],
  ['an array with a field', found],
  ['an array with a hole', Array.from({ length: 2 }).concat(new Array(1))],
  ['a getter', Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
  ['a hidden field', Object.defineProperty({}, 'a', { value: 1 })],
  ['a symbol', { [Symbol('a')]: 1 }],
  ['no prototype', Object.create(null)],
  ['what is frozen', Object.freeze({ a: 1 })],
  ['what contains itself', loop],
])('%s is not plain', (_, value) => {
  expect(isPlain(value)).toBe(false)
  expect(isPlain({ in: [value] })).toBe(false)
})
