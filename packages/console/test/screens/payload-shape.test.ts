import { expect, test } from 'vitest'
import { payloadShape } from '../../src/screens/payload-shape.ts'

test('A payload shows its fields, and no value of any', () => {
  const payload = {
    email: 'ada@example.com',
    age: 36,
    isAdmin: true,
    nickname: null,
    places: [{ city: 'London' }, { city: 'Turin' }],
    words: [],
  }
  expect(payloadShape(payload)).toEqual({
    email: 'string',
    age: 'number',
    isAdmin: 'boolean',
    nickname: 'null',
    places: [{ city: 'string' }],
    words: [],
  })
  expect(payloadShape('ada@example.com')).toBe('string')
})

test('A key that is a value is not shown either', () => {
  const payload = { seats: { 'ada@example.com': 1, '+44 20 7946': 2 }, _id: 'a' }
  expect(payloadShape(payload)).toEqual({ seats: { '…': 'number' }, _id: 'string' })
})
