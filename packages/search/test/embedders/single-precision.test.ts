import { expect, it } from 'vitest'
import { fromBase64, toBase64 } from '../../src/embedders/single-precision.ts'

const numbers = [0, -0, 1, -1, 0.1, 1e-45, 3.4e38, -(2 ** -126), Number.NaN, Infinity, -Infinity]

it('A vector is written as little-endian single precision, whatever the machine', () => {
  const bytes = Buffer.from(toBase64(numbers), 'base64')
  const read = numbers.map((_, at) => bytes.readFloatLE(at * 4))
  expect(read).toEqual(numbers.map(Math.fround))
})

it('A vector is read as it was written, to single precision', () => {
  expect(fromBase64(toBase64(numbers))).toEqual(numbers.map(Math.fround))
  expect(fromBase64(toBase64([]))).toEqual([])
})

it('Bytes that end within a number are a shorter vector, which its length gives away', () => {
  const bytes = Buffer.from(toBase64([1, 2, 3]), 'base64').subarray(0, 10)
  expect(fromBase64(bytes.toString('base64'))).toEqual([1, 2])
})
