import { expect, test } from 'vitest'
import { z } from 'zod'
import { validate } from '../src/index.ts'

const schema = z.strictObject({
  email: z.email(),
  age: z.int().min(1).max(150),
  price: z.union([z.string(), z.number()]),
  role: z.enum(['student', 'instructor']),
  name: z.string('expected a name'),
  nick: z.string().min(1).max(5),
  tags: z.array(z.string()).max(1),
  weight: z.number().positive(),
})
const valid = {
  email: 'ada@example.com',
  age: 36,
  price: '1.00',
  role: 'student',
  name: 'Ada',
  nick: 'ada',
  tags: [],
  weight: 1,
}

const inputs = [
  [{ email: undefined }, 'email: is required'],
  [{ price: undefined }, 'price: is required'],
  [{ role: undefined }, 'role: is required'],
  [{ email: 5 }, 'email: must be a text'],
  [{ age: 'old' }, 'age: must be a number'],
  [{ age: 2.5 }, 'age: must be a whole number'],
  [{ name: undefined }, 'name: expected a name'],
  [{ email: 'ada' }, 'email: must be an e-mail address'],
  [{ role: 'admin' }, 'role: must be one of student, instructor'],
  [{ age: 0 }, 'age: must be at least 1'],
  [{ age: 151 }, 'age: must be at most 150'],
  [{ weight: 0 }, 'weight: must be more than 0'],
  [{ nick: '' }, 'nick: must have at least 1 character'],
  [{ nick: 'adelaide' }, 'nick: must have at most 5 characters'],
  [{ tags: ['a', 'b'] }, 'tags: must have at most 1 item'],
  [{ colour: 'red' }, 'colour: is not a known field'],
] as const

test.each(inputs)('The input with %j is refused with "%s"', (change, message) => {
  expect(validate(schema, { ...valid, ...change })._unsafeUnwrapErr().message).toBe(message)
})

test('Input that is wrong as a whole goes by the name that the caller has for it', () => {
  expect(validate(schema, [], 'body')._unsafeUnwrapErr().message).toBe('body: must be an object')
})
